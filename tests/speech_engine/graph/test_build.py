"""Building a graph folder: its files, going on after an interruption, and bad input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arqon_maestro.cli.graph import app
from arqon_maestro.errors import DataError, MissingPartError, UsageError, WorkFailedError
from arqon_maestro.pipeline.graph import build_graph
from arqon_maestro.speech_engine.graph import compilation
from arqon_maestro.speech_engine.graph.compilation import GraphSettings
from arqon_maestro.speech_engine.graph.fst_file import read_fst
from arqon_maestro.speech_engine.graph.info import graph_info

from .conftest import LEXICON, World, make_world, sentences, write_model
from .enumeration import cost_in_graph


@pytest.fixture
def world(hinted: World, tmp_path: Path) -> Path:
    """A copy of a world's inputs, to be spoiled."""
    for name in ("lang", "model"):
        shutil.copytree(hinted.folder / name, tmp_path / name)
    shutil.copyfile(hinted.arpa, tmp_path / "model.arpa")
    return tmp_path


def build(folder: Path, **settings: float) -> str:
    outcome = build_graph(
        folder / "lang",
        folder / "model.arpa",
        folder / "model",
        folder / "graph",
        GraphSettings(**settings),
    )
    return outcome.status


def test_the_folder_has_what_decoders_want(hinted: World):
    folder = hinted.folder / "graph"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names >= {
        "HCLG.fst",
        "words.txt",
        "phones.txt",
        "phones/disambig.int",
        "phones/word_boundary.int",
        "phones/align_lexicon.int",
        "phones/silence.csl",
        "phones/left_context_phones.int",
        "nonterm_phones_offset.int",
        "num_pdfs",
        "manifest.json",
    }
    assert (folder / "HCLG.fst").read_bytes()[8:13] == b"const"
    assert int((folder / "num_pdfs").read_text()) == hinted.model.num_pdfs
    assert (folder / "words.txt").read_bytes() == (hinted.lang.folder / "words.txt").read_bytes()


def test_what_is_up_to_date_is_not_built_again(world: Path):
    assert build(world) == "done"
    before = (world / "graph" / "HCLG.fst").stat().st_mtime_ns
    assert build(world) == "up to date"
    assert (world / "graph" / "HCLG.fst").stat().st_mtime_ns == before
    assert build(world, self_loop_scale=0.1) == "done"


def test_a_build_goes_on_where_it_was(world: Path, monkeypatch: pytest.MonkeyPatch):
    def dies(*_: object, **__: object) -> None:
        raise WorkFailedError("HCLG: native code died of SIGKILL")

    expanded = compilation.expanded
    monkeypatch.setattr(compilation, "expanded", dies)
    with pytest.raises(WorkFailedError, match="HCLG"):
        build(world)
    assert not (world / "graph").exists()
    monkeypatch.setattr(compilation, "expanded", expanded)
    monkeypatch.setattr(compilation, "run_native", dies)
    monkeypatch.setattr(compilation, "run_apart", dies)
    assert build(world) == "done"


def test_the_same_inputs_give_the_same_bytes(hinted: World, world: Path):
    build(world)
    ours = (world / "graph" / "HCLG.fst").read_bytes()
    assert ours == (hinted.folder / "graph" / "HCLG.fst").read_bytes()


def test_facts_about_a_graph(hinted: World, tmp_path: Path):
    info = graph_info(hinted.folder / "graph")
    graph = hinted.graph
    assert (info.states, info.arcs) == (graph.num_states, graph.num_arcs)
    assert info.order == 3
    # All words are said; the hint, #0 and the like are not.
    assert info.vocabulary == len({line.split()[0] for line in LEXICON.splitlines()})
    assert info.nonterminal_arcs > 0
    shutil.copyfile(hinted.folder / "graph" / "HCLG.fst", tmp_path / "a.fst")
    alone = graph_info(tmp_path / "a.fst")
    assert (alone.vocabulary, alone.order) == (None, None)
    with pytest.raises(MissingPartError, match="no graph"):
        graph_info(tmp_path)


def test_commands(world: Path):
    runner = CliRunner()
    lexicon = world / "lexicon.txt"
    lexicon.write_text(LEXICON)
    made = ["lang", "--lexicon", lexicon, "--acoustic-model", world / "model"]
    result = runner.invoke(app, [*map(str, made), "--output", str(world / "lang2"), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["schema_version"] == 1
    assert (world / "lang2" / "L_disambig.fst").read_bytes() == (
        world / "lang" / "L_disambig.fst"
    ).read_bytes()
    options = {"--lang": "lang2", "--model": "model.arpa", "--acoustic-model": "model"}
    arguments = [text for name, file in options.items() for text in (name, str(world / file))]
    arguments += ["--output", str(world / "graph"), "--fst-type", "vector", "--json"]
    result = runner.invoke(app, ["build", *arguments])
    assert result.exit_code == 0, result.output
    built = json.loads(result.stdout)
    result = runner.invoke(app, ["info", str(world / "graph"), "--json"])
    assert json.loads(result.stdout) == built
    assert read_fst(world / "graph" / "HCLG.fst").num_arcs == built["arcs"]
    result = runner.invoke(app, ["info", str(world / "graph")])
    assert f"states            {built['states']}" in result.stdout


def test_nobody_loses_a_file(world: Path):
    """A folder that is written is replaced whole; one with other things in it is left alone."""
    for place in ("lang", "model"):
        before = sorted(path.name for path in (world / place).iterdir())
        with pytest.raises(UsageError, match="would be lost"):
            build_graph(world / "lang", world / "model.arpa", world / "model", world / place)
        assert sorted(path.name for path in (world / place).iterdir()) == before
    (world / "lexicon.txt").write_text(LEXICON)
    for place in (world, world / "model.arpa"):
        made = ["lang", "--lexicon", str(world / "lexicon.txt"), "--output", str(place)]
        with pytest.raises(UsageError):
            CliRunner().invoke(app, made, catch_exceptions=False)
    assert (world / "model.arpa").is_file()


@pytest.mark.parametrize("scale", ["nan", "inf", "-1"])
def test_scales_that_are_none(world: Path, scale: str):
    options = {"--lang": "lang", "--model": "model.arpa", "--acoustic-model": "model"}
    arguments = [text for name, file in options.items() for text in (name, str(world / file))]
    arguments += ["--output", str(world / "graph"), "--self-loop-scale", scale]
    assert CliRunner().invoke(app, ["build", *arguments]).exit_code == 2


def test_a_vocabulary_of_other_words(world: Path):
    (world / "lexicon.txt").write_text(LEXICON)
    (world / "vocab.txt").write_text("#nonterm:hint\nzzyq\n")
    options = {"--lexicon": "lexicon.txt", "--vocabulary": "vocab.txt", "--output": "lang3"}
    arguments = [text for name, file in options.items() for text in (name, str(world / file))]
    with pytest.raises(DataError, match="the lexicon has no word of it"):
        CliRunner().invoke(app, ["lang", *arguments], catch_exceptions=False)


def test_a_model_folder_without_names_of_phones(world: Path):
    (world / "model" / "phones.txt").unlink()
    assert build(world) == "done"


def test_missing_files(world: Path):
    for name in ("tree", "final.mdl"):
        (world / "model" / name).rename(world / name)
        with pytest.raises(MissingPartError, match=name):
            build(world)
        (world / name).rename(world / "model" / name)
    (world / "model.arpa").unlink()
    with pytest.raises(MissingPartError, match=r"model\.arpa"):
        build(world)


def test_a_tree_of_another_model(world: Path, tmp_path_factory: pytest.TempPathFactory):
    other = make_world(tmp_path_factory.mktemp("other"), "chain mono", hints=False)
    write_model(tmp_path_factory.mktemp("x") / "model", other.tree, other.model)
    shutil.copyfile(other.folder / "model" / "tree", world / "model" / "tree")
    with pytest.raises(DataError, match="belong to different models"):
        build(world)


def test_phones_of_another_model(world: Path):
    path = world / "model" / "phones.txt"
    names = path.read_text()
    path.write_text(names.replace("G_B ", "GG_B "))
    with pytest.raises(DataError, match="no phone 'G_B'"):
        build(world)
    number = names.split("G_B ")[1].split()[0]
    path.write_text(names.replace(f"G_B {number}\n", "").replace("#0 ", f"G_B {number}\n#0 "))
    assert build(world) == "done"
    path.write_text(names.replace("G_B ", "X ").replace("SIL ", "G_B ").replace("X ", "SIL "))
    with pytest.raises(DataError, match="is number"):
        build(world)
    path.write_text(names.replace("#0 ", "EXTRA 500\n#0 50"))
    with pytest.raises(DataError, match="phones that the model lacks, 'EXTRA'"):
        build(world)


def test_truncated_files(world: Path):
    for name in ("lang/L_disambig.fst", "model/tree", "model/final.mdl"):
        whole = (world / name).read_bytes()
        (world / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(DataError, match=r"truncated|cannot be read"):
            build(world)
        (world / name).write_bytes(whole)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\\data\\\n\\end\\\n", r"model\.arpa: an ARPA file without 1-grams"),
        (
            "\\data\\\nngram 1=0\n\n\\1-grams:\n\n\\end\\\n",
            r"model\.arpa: an ARPA file without 1-grams",
        ),
        ("\\data\\\nngram 1=2\n\n\\1-grams:\n-1 <s>\n-1 </s>\n\n\\end\\\n", "no word"),
        ("\\data\\\nngram 1=1\n\n\\1-grams:\n-1 go\n\n\\end\\\n", "without <s>"),
        ("some text\n", "not an ARPA file"),
        (
            "\\data\\\nngram 1=3\n\n\\1-grams:\n-1 <s>\n-1 </s>\n-1 elsewhere\n\n\\end\\\n",
            "no word of the language model",
        ),
    ],
)
def test_language_models_that_cannot_be_used(world: Path, text: str, problem: str):
    (world / "model.arpa").write_text(text)
    with pytest.raises(DataError, match=problem):
        build(world)


def test_a_lexicon_of_other_words(world: Path):
    words = (world / "lang" / "words.txt").read_text()
    (world / "lang" / "words.txt").write_text(words.replace("go ", "walk ", 1))
    assert build(world) == "done"
    manifest = json.loads((world / "graph" / "manifest.json").read_text())
    assert manifest["notes"]["G"]["missing words"] == 1


def test_nonterminals_need_left_context(tmp_path: Path):
    with pytest.raises(DataError, match="context of 3 phones"):
        make_world(tmp_path / "triphones", "hmm triphone", hints=True)


def test_nonterminals_and_a_model_without_context(tmp_path: Path):
    world = make_world(tmp_path / "mono", "chain mono", hints=True)
    for words in sentences(20, seed=3, hints=False):
        assert cost_in_graph(world.paths, world.numbers(words)) < 1000
