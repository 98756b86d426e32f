"""The server of the reference as far as it is described: how it loads an archive and answers.

It knows the archive's files alone, and nothing of how they were written. The engine behind it is
PyTorch's network with a beam search of its own, or Marian itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from arqon_maestro.code_engine.network import Network
from arqon_maestro.code_engine.weights import read_model

# Field of an n-best line; only with both n-best and word-scores on are there so many.
INDEX, IDS, SCORE, LEAST_FIELDS = 0, 1, 4, 5
FIELD_SEPARATOR = " ||| "
FIRST_ID = 2
MARIAN_PYTHON = "ARQON_MAESTRO_MARIAN_PYTHON"
VOCABULARY_LINE = re.compile(r"^(.*): (\d+)$")


@dataclass(frozen=True)
class Sentence:
    """What the server answers for an input."""

    sentence: str
    score: float


class Vocabularies:
    """`tokens.txt`, `exposed_vocab.yml`, and `vocab.yml` or `vocab.spm`."""

    def __init__(self, folder: Path) -> None:
        lines = (folder / "tokens.txt").read_text(encoding="utf-8").split("\n")[:-1]
        self.tokens = dict(enumerate(lines, start=FIRST_ID))
        self.ids = {token: number for number, token in self.tokens.items()}
        exposed = yaml.safe_load((folder / "exposed_vocab.yml").read_text(encoding="utf-8"))
        # Ids print as themselves; the two that every vocabulary starts with keep their names.
        assert exposed == {"</s>": 0, "<unk>": 1} | {str(number): number for number in self.tokens}
        self._pieces = None
        if (folder / "vocab.spm").is_file():
            import sentencepiece

            self._pieces = sentencepiece.SentencePieceProcessor(
                model_file=str(folder / "vocab.spm")
            )

    def encode(self, text: str) -> str:
        """Returns a line of numbers with a blank before each."""
        if self._pieces is not None:
            ids = self._pieces.encode(text)
        else:
            ids = [self.ids.get(token, 1) for token in text.split(" ")] if text else []
        return "".join(f" {number}" for number in ids)

    def decode(self, numbers: str) -> str:
        if self._pieces is not None:
            decoded: str = self._pieces.decode([int(number) for number in numbers.split()])
            return decoded
        return " ".join(self.tokens.get(int(number), "<UNK>") for number in numbers.split())


def reread_vocabulary(path: Path) -> dict[int, str]:
    """Reads `vocab.yml` line by line with a regular expression, as the reference's exporter does.

    Quotes are removed, but for the token that is a quote.
    """
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        match = VOCABULARY_LINE.match(line)
        assert match is not None, line
        name = '"' if match[1] == '"\\""' else match[1].replace('"', "")
        found[int(match[2])] = name
    assert sorted(found) == list(range(len(found)))
    return found


def load_config(folder: Path) -> dict[str, Any]:
    """Reads `config.yml` with what the server appends; of a key given twice the last counts."""
    exposed = folder / "exposed_vocab.yml"
    key = "model: " if (folder / "vocab.spm").is_file() else "models:\n  - "
    text = (folder / "config.yml").read_text(encoding="utf-8")
    text += f"{key}{folder / 'model.npz'}\nvocabs:\n  - {exposed}\n  - {exposed}\n"
    config: dict[str, Any] = yaml.safe_load(text)
    return config


Engine = Callable[[dict[str, Any], list[str]], list[list[str]]]
"""Takes the configuration and lines of numbers; returns the n-best lines of each."""


class Server:
    """One model and language.

    Args:
        folder: the unpacked archive.
        engine: translates lines of numbers; PyTorch by default.
    """

    def __init__(self, folder: Path, engine: Engine | None = None) -> None:
        self.config = load_config(folder)
        self._vocabularies = Vocabularies(folder)
        self._engine = engine or torch_engine
        models = self.config.get("models") or [self.config["model"]]
        assert [Path(path).parent for path in self.config["vocabs"]] == [folder] * 2
        self._network = read_model(Path(models[0]))

    def translate(self, inputs: Sequence[str]) -> list[list[Sentence]]:
        """Answers `/api/translate`."""
        lines = [self._vocabularies.encode(text) for text in inputs]
        printed = [line for best in self._engine(self.config, lines) for line in best]
        answers: list[list[Sentence]] = []
        before = None
        for line in printed:
            fields = line.split(FIELD_SEPARATOR)
            assert len(fields) >= LEAST_FIELDS
            if fields[INDEX] != before:
                answers.append([])
                before = fields[INDEX]
            sentence = Sentence(self._vocabularies.decode(fields[IDS]), float(fields[SCORE]))
            answers[-1].append(sentence)
        return answers

    def rescore(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Answers `/api/rescore`: minus the summed cross-entropy."""
        scores = []
        for pair in pairs:
            source, target = (
                [*map(int, self._vocabularies.encode(text).split()), 0] for text in pair
            )
            rows = log_probabilities(self._network, source, target)
            scores.append(-float(sum(-rows[at, number] for at, number in enumerate(target))))
        return scores


@torch.no_grad()
def log_probabilities(network: Network, source: list[int], target: list[int]) -> torch.Tensor:
    """Returns (T, V): of the token at each place of a target."""
    memory = network.encode(torch.tensor([source]), None)
    states = network.decode(memory, None, torch.tensor([target]))
    return network.logits(states)[0].log_softmax(-1)


def torch_engine(config: dict[str, Any], lines: list[str]) -> list[list[str]]:
    """Marian's beam search, plainly: `</s>` ends a hypothesis, and its place in the beam."""
    network = read_model(Path(config["models"][0]))
    assert config["n-best"] and config["word-scores"] and not config["normalize"]
    assert not config["allow-unk"]
    printed = []
    for index, line in enumerate(lines):
        source = [*map(int, line.split()), 0]
        beam: list[tuple[float, list[int]]] = [(0.0, [])]
        done: list[tuple[float, list[int]]] = []
        while beam and len(done) < config["beam-size"]:
            if len(beam[0][1]) >= config["max-length-factor"] * len(source):
                done += beam
                break
            grown = []
            for score, ids in beam:
                row = log_probabilities(network, source, [*ids, 0])[-1]
                row[1] = -torch.inf
                best, numbers = row.topk(config["beam-size"])
                grown += [
                    (score + float(lost), [*ids, int(number)])
                    for lost, number in zip(best, numbers, strict=True)
                ]
            grown.sort(key=lambda one: -one[0])
            kept = grown[: config["beam-size"] - len(done)]
            done += [(score, ids[:-1]) for score, ids in kept if ids[-1] == 0]
            beam = [one for one in kept if one[1][-1] != 0]
        done.sort(key=lambda one: -one[0])
        printed.append([n_best_line(index, ids, score) for score, ids in done])
    return printed


def n_best_line(index: int, ids: list[int], score: float) -> str:
    """Returns a line as Marian prints it with both n-best and word-scores on."""
    fields = [str(index), " ".join(map(str, ids)), "WordScores= …", f"F0= {score}", f"{score:.6g}"]
    return FIELD_SEPARATOR.join(fields)


def marian_python() -> str | None:
    """Returns the Python that has pymarian, None if there is none."""
    python = os.environ.get(MARIAN_PYTHON, sys.executable)
    found = subprocess.run([python, "-c", "import pymarian"], capture_output=True, timeout=120)
    return python if found.returncode == 0 else None
