"""What is exported, a Marian server loads and answers with, as our own translator does."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from arqon_maestro.code_engine.dataset import build_dataset, raw_paths, read_pairs
from arqon_maestro.code_engine.export import export_model
from arqon_maestro.code_engine.recipe import DatasetRecipe
from arqon_maestro.code_engine.training import train
from arqon_maestro.code_engine.translator import Rescorer, Translator
from arqon_maestro.code_engine.vocabulary import WordVocabulary
from arqon_maestro.corpusgen.unknowns import UnknownReplacer
from arqon_maestro.library import CODE_MODELS

from .conftest import DATASET, NETWORK, TRAINING, Trained, write_raw
from .marian_server import (
    MARIAN_PYTHON,
    Sentence,
    Server,
    load_config,
    marian_python,
    reread_vocabulary,
)

TOLERANCE = 1e-3
AGREEMENT = Path(__file__).parents[2] / "benchmarks" / "marian_agreement.py"
AUTO_STYLE, CONTEXTUAL, PARSER = CODE_MODELS
# The server only scores with the contextual model, whose pieces leave nothing unknown.
TRANSLATING = (AUTO_STYLE, PARSER)
PIECES = DatasetRecipe(
    lexicon_size=20, vocabulary="pieces", vocabulary_size=60, max_length=60, valid_lines=30
)


@dataclass(frozen=True)
class Exported:
    """An exported model and held-out lines for it."""

    model: str
    folder: Path
    pairs: list[tuple[str, str]]
    paths: tuple[Path, Path]

    @property
    def lexicon(self) -> Path:
        language = self.folder.name
        return self.folder / f"{language}_{self.model}_lexicon.txt".replace("-", "_")

    def encoded(self, pair: tuple[str, str]) -> tuple[str, str, dict[str, str]]:
        """Returns a pair as the runtime sends it, which replaces unknown tokens by the lexicon."""
        if self.model == CONTEXTUAL:
            return *pair, {}
        replacer = UnknownReplacer(self.lexicon.read_text(encoding="utf-8").split("\n"))
        source, unknowns = replacer.encode(pair[0])
        return source, replacer.apply(pair[1], unknowns), unknowns


def exported_now(model: str, root: Path) -> Exported:
    """Trains a model so briefly that it is as good as random, and exports it."""
    language = "default" if model == PARSER else "python"
    recipe = PIECES if model == CONTEXTUAL else DATASET
    write_raw(root / "data", language, pairs=500)
    build_dataset(root / "data", language, model, recipe, seed=2)
    training = TRAINING.model_copy(update={"updates": 30, "validate_every": 30})
    train(root / "data", root / "training", recipe, NETWORK, training)
    export_model(root / "training", root / "data", root / language, model, language)
    paths = raw_paths(root / "data", language, "test")
    return Exported(model, root / language, list(read_pairs(paths))[:12], paths)


@pytest.fixture(scope="module", params=CODE_MODELS)
def exported(
    request: pytest.FixtureRequest, trained: Trained, tmp_path_factory: pytest.TempPathFactory
) -> Exported:
    if request.param == AUTO_STYLE:
        paths = raw_paths(trained.data, "python", "test")
        return Exported(AUTO_STYLE, trained.folder, list(read_pairs(paths))[:12], paths)
    return exported_now(request.param, tmp_path_factory.mktemp("exported"))


@pytest.mark.parametrize("exported", TRANSLATING, indirect=True)
def test_the_server_translates_as_we_do(exported: Exported) -> None:
    server = Server(exported.folder)
    lines = [exported.encoded(pair) for pair in exported.pairs]
    answers = server.translate([source for source, _, _ in lines])
    beam = server.config["beam-size"]
    ours = Translator(exported.folder).translate([source for source, _ in exported.pairs], beam)
    replacer = UnknownReplacer([])
    assert len(answers) == len(ours)
    assert any(unknowns for _, _, unknowns in lines)
    for (_, _, unknowns), answer, best in zip(lines, answers, ours, strict=True):
        resolved = [Sentence(replacer.resolve(one.sentence, unknowns), one.score) for one in answer]
        assert len(resolved) == beam
        assert resolved[0].sentence == best[0].text
        assert resolved[0].score == pytest.approx(best[0].score, abs=TOLERANCE)


def test_the_server_scores_as_we_do(exported: Exported) -> None:
    encoded = [exported.encoded(pair)[:2] for pair in exported.pairs]
    answered = Server(exported.folder).rescore(encoded)
    ours = Rescorer(exported.folder).rescore(exported.pairs)
    assert answered == pytest.approx(ours, abs=TOLERANCE)
    assert max(answered) < 0


@pytest.mark.parametrize("exported", TRANSLATING, indirect=True)
def test_tokens_that_the_server_does_not_know(exported: Exported) -> None:
    sent: list[str] = []

    def engine(config: dict[str, Any], lines: list[str]) -> list[list[str]]:
        sent.extend(lines)
        return [
            ["0 ||| 1 999999 ||| WordScores= … ||| F0= -1 ||| -1"],
            ["1 |||  ||| … ||| … ||| -2"],
        ]

    answers = Server(exported.folder, engine).translate(["neverheard UNK0", ""])
    assert answers == [[Sentence("<UNK> <UNK>", -1.0)], [Sentence("", -2.0)]]
    numbers = sent[0].split(" ")
    assert numbers[:2] == ["", "1"] and numbers[2] != "1"
    assert sent[1] == ""


def test_the_files_that_the_server_reads(exported: Exported) -> None:
    config = load_config(exported.folder)
    text = (exported.folder / "config.yml").read_text(encoding="utf-8")
    # The appended keys must not stand in the file: not every reader lets the last one win.
    assert not {"model:", "models:", "vocabs:"} & {line.split(" ")[0] for line in text.split("\n")}
    assert (config["n-best"], config["word-scores"]) == ((exported.model != CONTEXTUAL,) * 2)
    assert exported.lexicon.is_file()
    if exported.model != CONTEXTUAL:
        tokens = (exported.folder / "tokens.txt").read_text(encoding="utf-8").split("\n")[:-1]
        reread = reread_vocabulary(exported.folder / "vocab.yml")
        assert [reread[number] for number in range(2, len(reread))] == tokens
        assert [reread[0], reread[1]] == ["</s>", "<unk>"]


def test_a_vocabulary_of_code_is_read_again_by_the_line(tmp_path: Path) -> None:
    characters = [chr(code) for code in range(33, 127)]
    tokens = ["</s>", "<unk>", *characters, "SP", "it's", "yes", "null", "UNK3", "a: 1"]
    WordVocabulary(tokens).save(tmp_path / "vocab.yml")
    assert WordVocabulary.load(tmp_path / "vocab.yml").tokens == tokens
    reread = reread_vocabulary(tmp_path / "vocab.yml")
    assert [reread[number] for number in range(len(tokens))] == tokens


@pytest.mark.slow
def test_marian_itself_agrees(exported: Exported) -> None:
    """Through `config.yml` with what the server appends, in lines of ids."""
    python = marian_python()
    if python is None:
        pytest.skip(f"no pymarian; {MARIAN_PYTHON} may name a Python that has it")
    command = [sys.executable, str(AGREEMENT), str(exported.folder), *map(str, exported.paths)]
    done = subprocess.run(
        [*command, "--lines", "30", "--json", "--marian-python", python],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["lines"] == 30
    assert max(found["score_difference"].values()) < TOLERANCE
    assert max(found["greedy_score_difference"].values()) < TOLERANCE
    # Engines may part where two tokens are as good as equal.
    for differing in found["differing"].values():
        assert all(line["gap_nats"] < TOLERANCE for line in differing)
