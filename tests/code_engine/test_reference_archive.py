"""Archives as the reference wrote them are installed and used, whatever is not in them."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import typer.main
import yaml
from typer.testing import CliRunner

from arqon_maestro.cli import code_engine, models
from arqon_maestro.cli.main import run
from arqon_maestro.code_engine.export import server_config
from arqon_maestro.code_engine.marian import (
    OPTIONS_NAME,
    POSITIONS_NAME,
    encode_options,
    read_arrays,
    write_arrays,
)
from arqon_maestro.code_engine.network import Batch, Network
from arqon_maestro.code_engine.parsing import GrammarParser
from arqon_maestro.code_engine.recipe import NetworkRecipe
from arqon_maestro.code_engine.translator import Rescorer
from arqon_maestro.code_engine.vocabulary import PieceVocabulary
from arqon_maestro.code_engine.weights import read_model, write_model
from arqon_maestro.corpusgen.grammar import accept_parse
from arqon_maestro.corpusgen.unknowns import UnknownReplacer
from arqon_maestro.library import CODE_MODELS
from arqon_maestro.models.extraction import extract
from arqon_maestro.models.keys import code_key

from .marian_server import MARIAN_PYTHON, log_probabilities, marian_python

FIXTURES = Path(__file__).parents[1] / "fixtures"
CHECKOUT = Path(__file__).resolve().parents[2]
AUTO_STYLE, CONTEXTUAL, PARSER = CODE_MODELS
LAYERS = {AUTO_STYLE: (8, 8), CONTEXTUAL: (6, 6), PARSER: (6, 1)}
LANGUAGES = {AUTO_STYLE: "python", CONTEXTUAL: "python", PARSER: "default"}
# Characters that Marian quotes in `vocab.yml`; all others stand as they are.
QUOTED = "-!\"#%&'*,:>?@[]`{|}~"
KNOWN = [
    "CTX",
    "ENG",
    "SP",
    "NL",
    "get",
    "name",
    "_",
    "(",
    ")",
    '"',
    "\\",
    "#",
    ":",
    "undo",
    "select",
]
KNOWN += [
    f"<{slash}{rule}>"
    for rule in ("main", "commandChain", "command", "undo")
    for slash in ("", "/")
]
LINES = {
    AUTO_STYLE: [
        ("CTX NL get _ ENG get name", "get _ name"),
        ("CTX ENG zyx quote", '" zyx " \\ #'),
    ],
    CONTEXTUAL: [("get _ name (", "get name of value"), ("", "max")],
    PARSER: [
        (
            "undo",
            "<main> <commandChain> <command> <undo> undo </undo> </command> </commandChain> "
            "</main>",
        )
    ],
}


@dataclass(frozen=True)
class Reference:
    """An archive, and the network in it."""

    model: str
    tarball: Path
    network: Network
    tokens: list[str]


def marian_quoted(token: str) -> str:
    """Writes a token as Marian's `vocab` does."""
    if token in QUOTED or token == "null":
        return '"' + token.replace('"', '\\"') + '"'
    return token


def write_words(folder: Path) -> list[str]:
    tokens = ["</s>", "<unk>", *KNOWN, *(f"UNK{number}" for number in range(20))]
    (folder / "vocab.yml").write_text(
        "".join(f"{marian_quoted(token)}: {number}\n" for number, token in enumerate(tokens))
    )
    return tokens


def write_pieces(folder: Path) -> list[str]:
    lines = ["get name of value", "max min ( ) _", "set zephyr quark"] * 20
    vocabulary = PieceVocabulary.train(lines, 60, 100)
    vocabulary.save(folder / "vocab.spm")
    return vocabulary.tokens


def write_archive(root: Path, model: str, weights: Callable[[Path, int], None]) -> Reference:
    """Writes an archive as the reference's exporter did.

    Args:
        root: an empty folder.
        model: the model's name.
        weights: writes ``model.npz`` for a size of the vocabulary.
    """
    language = LANGUAGES[model]
    folder = root / "files"
    folder.mkdir(parents=True)
    tokens = write_pieces(folder) if model == CONTEXTUAL else write_words(folder)
    weights(folder / "model.npz", len(tokens))
    (folder / "tokens.txt").write_text("".join(token + "\n" for token in tokens[2:]))
    (folder / "exposed_vocab.yml").write_text(
        "</s>: 0\n<unk>: 1\n" + "".join(f'"{n}": {n}\n' for n in range(2, len(tokens)))
    )
    # Their configuration names the files of the machine that built it.
    build = f"/build/models/{model}/{language}"
    config: dict[str, Any] = server_config(model) | {
        "models": [f"{build}/model.npz"],
        "vocabs": [f"{build}/exposed_vocab.yml"] * 2,
    }
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    name = f"{language}_{model}_lexicon.txt".replace("-", "_")
    (folder / name).write_text("".join(token + "\n" for token in KNOWN))
    version = hashlib.sha1(str(time.time()).encode(), usedforsecurity=False).hexdigest()
    (folder / "v").write_text(version)
    tarball = root / "models" / code_key(model, language).path / f"{version}.tar.gz"
    tarball.parent.mkdir(parents=True)
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(folder, ".")
    return Reference(model, tarball, read_model(folder / "model.npz"), tokens)


def random_weights(model: str) -> Callable[[Path, int], None]:
    """Returns a writer of a network of the reference's size, without what only we add."""

    def write(path: Path, size: int) -> None:
        encoder, decoder = LAYERS[model]
        recipe = NetworkRecipe(encoder_layers=encoder, decoder_layers=decoder)
        with torch.random.fork_rng():
            torch.manual_seed(6)
            write_model(path, Network(recipe, size))
        arrays = read_arrays(path)
        options = yaml.safe_load((FIXTURES / "marian" / "model.yml").read_text())
        options |= {"enc-depth": encoder, "dec-depth": decoder, "dim-vocabs": [size, size]}
        arrays[OPTIONS_NAME] = encode_options(options)
        del arrays[POSITIONS_NAME]
        write_arrays(path, arrays)

    return write


@pytest.fixture(scope="module", params=CODE_MODELS)
def reference(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Reference:
    root = tmp_path_factory.mktemp("reference")
    return write_archive(root, request.param, random_weights(request.param))


@pytest.fixture
def installed(reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model's folder after `maestro models use TARBALL`."""
    (tmp_path / "config").mkdir()
    shutil.copy(CHECKOUT / "config" / "models.yaml", tmp_path / "config" / "models.yaml")
    monkeypatch.setenv("ARQON_MAESTRO_SOURCE_ROOT", str(tmp_path))
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path / "library"))
    assert run(typer.main.get_command(models.app), ["use", str(reference.tarball)]) == 0
    version = reference.tarball.name.removesuffix(".tar.gz")
    assert version in (tmp_path / "config" / "models.yaml").read_text()
    key = code_key(reference.model, LANGUAGES[reference.model])
    return tmp_path / "library" / "models" / key.path


def command(name: str, model: str, text: str, *options: str) -> dict[str, Any]:
    arguments = [name, "--model", model, "--language", LANGUAGES[model], "--json", *options]
    result = CliRunner().invoke(code_engine.app, arguments, input=text)
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def encoded(reference: Reference, *lines: str) -> tuple[list[list[int]], dict[str, str]]:
    """Returns ids with the final `</s>`, the first line being the source, and what is unknown."""
    if reference.model == CONTEXTUAL:
        pieces = PieceVocabulary.load(reference.tarball.parents[5] / "files" / "vocab.spm")
        return [[*pieces.encode(line), 0] for line in lines], {}
    replacer = UnknownReplacer(KNOWN)
    _, unknowns = replacer.encode(lines[0])
    ids = {token: number for number, token in enumerate(reference.tokens)}
    replaced = [replacer.apply(line, unknowns) for line in lines]
    return [[*(ids[token] for token in line.split(" ")), 0] for line in replaced], unknowns


def test_rescoring(reference: Reference, installed: Path) -> None:
    pairs = LINES[reference.model]
    text = "".join(f"{source}\t{target}\n" for source, target in pairs)
    found = command("rescore", reference.model, text)["pairs"]
    for pair, answer in zip(pairs, found, strict=True):
        (source, target), _ = encoded(reference, *pair)
        rows = log_probabilities(reference.network, source, target)
        expected = sum(float(rows[at, number]) for at, number in enumerate(target))
        assert answer["score"] == pytest.approx(expected, abs=1e-3)


def test_translation(reference: Reference, installed: Path) -> None:
    for text, _ in LINES[reference.model]:
        (source,), unknowns = encoded(reference, text)
        (line,) = command("translate", reference.model, text + "\n", "--beam", "1")["lines"]
        if len(source) == 1:
            assert line["hypotheses"] == []
            continue
        factor = server_config(reference.model)["max-length-factor"]
        nothing = torch.zeros(1, 1, dtype=torch.long)
        batch = Batch(torch.tensor([source]), None, nothing, nothing[0])
        (ids,), (score,) = reference.network.greedy(batch, factor * len(source))
        (best,) = line["hypotheses"]
        tokens = [reference.tokens[number] for number in ids]
        if reference.model == CONTEXTUAL:
            assert best["target"] == "".join(tokens).replace("▁", " ").strip()
        else:
            assert best["target"] == " ".join(unknowns.get(token, token) for token in tokens)
        assert best["score"] == pytest.approx(score, abs=1e-3)


@pytest.mark.parametrize("reference", [PARSER], indirect=True)
def test_parsing(reference: Reference, installed: Path) -> None:
    source, target = LINES[PARSER][0]
    ((best,),) = GrammarParser(installed).translate([source])
    assert best.text == target
    assert accept_parse([source], best.text)
    ((other, *_),) = GrammarParser(installed).translate(["select neverheard words"], 2)
    assert accept_parse(["select", "neverheard", "words"], other.text)


@pytest.mark.slow
@pytest.mark.parametrize("model", CODE_MODELS)
def test_weights_that_marian_wrote(model: str, tmp_path: Path) -> None:
    """With two updates of Marian's own training, in the reference's sizes."""
    python = marian_python()
    if python is None:
        pytest.skip(f"no pymarian; {MARIAN_PYTHON} may name a Python that has it")

    def write(path: Path, size: int) -> None:
        work = tmp_path / "work"
        work.mkdir()
        vocabulary = work / "vocab.yml"
        names = ["</s>", "<unk>", *(f"t{number}" for number in range(2, size))]
        vocabulary.write_text("".join(f"{name}: {n}\n" for n, name in enumerate(names)))
        (work / "lines").write_text("t2 t3 t4 t5\n" * 40)
        encoder, decoder = LAYERS[model]
        options = f"train --type transformer --model {work}/model.npz --dim-emb 96 "
        options += f"--train-sets {work}/lines {work}/lines --vocabs {vocabulary} {vocabulary} "
        options += f"--enc-depth {encoder} --dec-depth {decoder} --tied-embeddings-all "
        options += "--transformer-heads 4 --transformer-dim-ffn 512 --transformer-dropout 0.1 "
        options += "--transformer-ffn-activation relu --transformer-postprocess-emb d "
        options += "--cpu-threads 1 --workspace 500 --after-batches 2 --quiet"
        command = [python, "-m", "pymarian", *options.split()]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        shutil.copy(work / "model.npz", path)

    reference = write_archive(tmp_path / "reference", model, write)
    folder = tmp_path / LANGUAGES[model]
    folder.mkdir()
    extract(reference.tarball, folder)
    pairs = LINES[model]
    for pair, score in zip(pairs, Rescorer(folder).rescore(pairs), strict=True):
        (source, target), _ = encoded(reference, *pair)
        rows = log_probabilities(reference.network, source, target)
        expected = sum(float(rows[at, number]) for at, number in enumerate(target))
        assert score == pytest.approx(expected, abs=1e-3)
