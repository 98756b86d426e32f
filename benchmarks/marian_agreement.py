"""Whether PyTorch, CTranslate2 and Marian agree on an exported model.

    .venv/bin/python benchmarks/marian_agreement.py FOLDER SOURCES TARGETS --lines 200

FOLDER is what `maestro code-engine export` packs, SOURCES and TARGETS are held-out lines before
unknown replacement. Compared are the scores of the given targets, and the greedy outputs with their
scores. Marian is asked as its server asks it: `config.yml` with models and vocabularies appended,
lines of ids from `tokens.txt`, n-best lines back. It runs in the Python that --marian-python or the
environment's ARQON_MAESTRO_MARIAN_PYTHON names; without either in this one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from arqon_maestro.code_engine.dataset import read_pairs
from arqon_maestro.code_engine.engine import Engine, load_engine
from arqon_maestro.code_engine.export import EXPOSED_FILE, TOKENS_FILE
from arqon_maestro.code_engine.network import Batch, Network
from arqon_maestro.code_engine.translator import Rescorer, Translator
from arqon_maestro.code_engine.vocabulary import EOS, UNK
from arqon_maestro.code_engine.weights import read_model
from arqon_maestro.corpusgen.unknowns import TooManyUnknownsError

MARIAN_PYTHON = "ARQON_MAESTRO_MARIAN_PYTHON"
PEER = Path(__file__).with_name("marian_peer.py")
PORT_KEY = "port"
"""A server's option, which the client that pymarian offers does not know."""
MARIAN_TIMEOUT_S = 600
SHOWN = 20
PAIRS = (("PyTorch", "CTranslate2"), ("PyTorch", "Marian"), ("CTranslate2", "Marian"))


@dataclass(frozen=True)
class Output:
    """A greedy output, unknowns resolved, and its log probability."""

    text: str
    score: float


@dataclass(frozen=True)
class Line:
    """A held-out pair, and the same as ids, without `</s>`."""

    source: str
    target: str
    source_ids: list[int]
    target_ids: list[int]
    unknowns: dict[str, str]


@dataclass
class Agreement:
    """The outcome.

    Attributes:
        lines: compared; those with more than 20 unknown tokens are left out.
        score_difference: per pair of engines the largest difference of a given target's score.
        greedy_score_difference: the same for outputs that are identical.
        differing: per pair of engines the lines whose outputs differ, and by PyTorch the gap in
            nats between the two tokens that they part at.
    """

    lines: int
    score_difference: dict[str, float] = field(default_factory=dict)
    greedy_score_difference: dict[str, float] = field(default_factory=dict)
    differing: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class TorchPeer:
    """The network as it was trained."""

    def __init__(self, folder: Path) -> None:
        self.network: Network = read_model(folder / "model.npz")

    @torch.no_grad()
    def log_probabilities(self, source: list[int], target: list[int]) -> torch.Tensor:
        """Returns (T, V): of the token at each place of a target."""
        memory = self.network.encode(torch.tensor([[*source, EOS]]), None)
        states = self.network.decode(memory, None, torch.tensor([target]))
        return F.log_softmax(self.network.logits(states[0]), -1)

    def score(self, source: list[int], target: list[int]) -> float:
        ended = [*target, EOS]
        rows = self.log_probabilities(source, ended)
        return float(rows[torch.arange(len(ended)), torch.tensor(ended)].sum())

    def greedy(self, source: list[int], limit: int) -> tuple[list[int], float]:
        nothing = torch.zeros(1, 1, dtype=torch.long)
        batch = Batch(torch.tensor([[*source, EOS]]), None, nothing, nothing[0])
        (ids,), (score,) = self.network.greedy(batch, limit)
        return ids, score

    def gap(self, source: list[int], one: list[int], other: list[int]) -> float:
        """Returns how far apart the two tokens are that two outputs part at."""
        one, other = [*one, EOS], [*other, EOS]
        parting = (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
        at = next(parting, None)
        if at is None:
            return 0.0
        row = self.log_probabilities(source, one[: at + 1])[at]
        return abs(float(row[one[at]] - row[other[at]]))


class MarianPeer:
    """Marian, in a Python that has pymarian, asked as its server asks it."""

    def __init__(self, folder: Path, python: str) -> None:
        self._folder = folder
        self._python = python

    def config(self) -> str:
        """Returns `config.yml` with what the server appends."""
        lines = (self._folder / "config.yml").read_text(encoding="utf-8").splitlines()
        exposed = self._folder / EXPOSED_FILE
        appended = ["models:", f"- {self._folder / 'model.npz'}", "vocabs:", *[f"- {exposed}"] * 2]
        kept = [line for line in lines if not line.startswith(f"{PORT_KEY}:")]
        return "\n".join([*kept, *appended, ""])

    def translate(
        self, sources: Sequence[list[int]], **options: Any
    ) -> tuple[list[list[str]], list[float]]:
        """Returns the n-best lines that Marian prints for each source, and milliseconds."""
        request = {
            "config": self.config(),
            "options": {"cpu_threads": 1, "n_best": True, "word_scores": True, **options},
            "lines": [numbers(ids) for ids in sources],
        }
        done = self._run([str(PEER)], json.dumps(request))
        answer = json.loads(done)
        return answer["printed"], answer["durations_ms"]

    def greedy(self, sources: Sequence[list[int]]) -> list[tuple[list[int], float]]:
        printed, _ = self.translate(sources, beam_size=1)
        fields = [line.split(" ||| ") for (line,) in printed]
        return [([int(number) for number in row[1].split()], float(row[4])) for row in fields]

    def score(self, pairs: Sequence[tuple[list[int], list[int]]]) -> list[float]:
        exposed = str(self._folder / EXPOSED_FILE)
        with tempfile.TemporaryDirectory() as scratch:
            paths = [Path(scratch) / "source", Path(scratch) / "target"]
            for path, side in zip(paths, (0, 1), strict=True):
                path.write_text("".join(numbers(pair[side]) + "\n" for pair in pairs))
            command = ["-m", "pymarian", "score", "--model", str(self._folder / "model.npz")]
            command += ["--vocabs", exposed, exposed, "--train-sets", *map(str, paths)]
            command += [
                "--cpu-threads",
                "1",
                "--mini-batch",
                "8",
                "--quiet",
                "--max-length",
                "1000",
            ]
            return [float(line) for line in self._run(command, "").split()]

    def _run(self, command: list[str], text: str) -> str:
        done = subprocess.run(
            [self._python, *command],
            input=text,
            capture_output=True,
            text=True,
            timeout=MARIAN_TIMEOUT_S,
        )
        if done.returncode:
            raise SystemExit(f"Marian failed: {done.stderr[-2000:]}")
        return done.stdout


def numbers(ids: Sequence[int]) -> str:
    """Returns a line as the server sends it to Marian: ids, a blank before each."""
    return "".join(f" {number}" for number in ids)


def marian_python(named: str | None = None) -> str | None:
    """Returns the Python that has pymarian, None if there is none."""
    python = named or os.environ.get(MARIAN_PYTHON) or sys.executable
    found = subprocess.run([python, "-c", "import pymarian"], capture_output=True, timeout=120)
    return python if found.returncode == 0 else None


class Encoder:
    """Lines to ids and back, as the server does it."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        table = (folder / TOKENS_FILE).read_text(encoding="utf-8").split("\n")[:-1]
        self._ids = {token: number for number, token in enumerate(table, start=2)}

    def line(self, source: str, target: str) -> Line | None:
        """Encodes a pair; None for too many unknown tokens, or none at all."""
        unknowns: dict[str, str] = {}
        if self._engine.replacer is not None:
            try:
                _, unknowns = self._engine.replacer.encode(source)
            except TooManyUnknownsError:
                return None
        ids = self.ids(source, unknowns)
        return Line(source, target, ids, self.ids(target, unknowns), unknowns) if ids else None

    def ids(self, text: str, unknowns: dict[str, str]) -> list[int]:
        if self._engine.replacer is None:
            return self._engine.vocabulary.encode(text)
        replaced = self._engine.replacer.apply(text, unknowns)
        return [self._ids.get(token, UNK) for token in replaced.split(" ") if token]

    def output(self, found: tuple[list[int], float], line: Line) -> Output:
        text = self._engine.vocabulary.decode(found[0])
        if self._engine.replacer is not None:
            text = self._engine.replacer.resolve(text, line.unknowns)
        return Output(text, found[1])


def compare(folder: Path, pairs: Sequence[tuple[str, str]], python: str) -> Agreement:
    """Compares the three engines on held-out pairs, not yet replaced."""
    engine = load_engine(folder)
    encoder = Encoder(engine, folder)
    lines = [line for line in (encoder.line(*pair) for pair in pairs) if line]
    peer, marian = TorchPeer(folder), MarianPeer(folder, python)
    rescorer, translator = Rescorer(folder), Translator(folder)
    factor = engine.options.max_length_factor
    scores = {
        "PyTorch": [peer.score(line.source_ids, line.target_ids) for line in lines],
        "CTranslate2": rescorer.rescore([(line.source, line.target) for line in lines]),
        "Marian": marian.score([(line.source_ids, line.target_ids) for line in lines]),
    }
    by_torch = [
        peer.greedy(line.source_ids, int(factor * (len(line.source_ids) + 1))) for line in lines
    ]
    by_marian = marian.greedy([line.source_ids for line in lines])
    found = translator.translate([line.source for line in lines], beam_size=1)
    greedy = {
        "PyTorch": [encoder.output(*pair) for pair in zip(by_torch, lines, strict=True)],
        "CTranslate2": [Output(best.text, best.score) for (best,) in found],
        "Marian": [encoder.output(*pair) for pair in zip(by_marian, lines, strict=True)],
    }
    result = Agreement(len(lines))
    for one, other in PAIRS:
        name = f"{one} and {other}"
        result.score_difference[name] = largest(scores[one], scores[other])
        outputs = list(zip(lines, greedy[one], greedy[other], strict=True))
        same = [(a.score, b.score) for _, a, b in outputs if a.text == b.text]
        result.greedy_score_difference[name] = largest(*zip(*same, strict=True)) if same else 0.0
        result.differing[name] = [
            {
                "source": line.source,
                one: a.text,
                other: b.text,
                "gap_nats": peer.gap(
                    line.source_ids,
                    encoder.ids(a.text, line.unknowns),
                    encoder.ids(b.text, line.unknowns),
                ),
            }
            for line, a, b in outputs
            if a.text != b.text
        ]
    return result


def largest(one: Sequence[float], other: Sequence[float]) -> float:
    """Returns the largest absolute difference."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def main() -> None:
    """Prints a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="an exported or installed model")
    parser.add_argument("sources", type=Path, help="held-out source lines")
    parser.add_argument("targets", type=Path, help="their target lines")
    parser.add_argument("--lines", type=int, default=200, help="lines to compare, from the first")
    parser.add_argument("--marian-python", help="a Python that has pymarian")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    python = marian_python(arguments.marian_python)
    if python is None:
        raise SystemExit("pymarian is not installed: pip install -e '.[marian]'")
    torch.set_num_threads(1)
    pairs = list(read_pairs((arguments.sources, arguments.targets)))[: arguments.lines]
    result = compare(arguments.folder.resolve(), pairs, python)
    if arguments.json:
        print(json.dumps(asdict(result), indent=1, ensure_ascii=False))
        return
    print(f"{result.lines} lines{'':34} scores    greedy    differing outputs")
    for name, difference in result.score_difference.items():
        greedy, differing = result.greedy_score_difference[name], result.differing[name]
        print(f"{name:40} {difference:10.6f}{greedy:10.6f} {len(differing):10}")
        for line in differing[:SHOWN]:
            print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
