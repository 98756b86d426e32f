"""The commands over the speech engine: output, JSON, exit statuses."""

import json

import click
import pytest
import typer

from arqon_maestro.cli import g2p, graph, lexicon, speech_engine
from arqon_maestro.cli.main import run


@pytest.fixture
def call(capsys):
    def called(app: typer.Typer, *arguments: object) -> tuple[int, str, str]:
        command: click.Command = typer.main.get_command(app)
        status = run(command, [str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return called


def test_transcribe_prints_ranked_transcripts(call, engine, spoken):
    path = spoken("save file")
    status, out, _ = call(speech_engine.app, "transcribe", path, "--engine", engine)
    header, best = out.splitlines()[:2]
    assert status == 0
    assert header.split() == ["cost", "acoustic", "language", "transcript"]
    assert best.endswith("  save file")


def test_transcribe_json_has_a_list_for_each_file(call, engine, spoken):
    paths = [spoken("save file"), spoken("select next word")]
    status, out, _ = call(
        speech_engine.app, "transcribe", *paths, "--n-best", 2, "--engine", engine, "--json"
    )
    document = json.loads(out)
    assert status == 0
    assert document["schema_version"] == 1
    assert list(document["files"]) == [str(path) for path in paths]
    for ranked in document["files"].values():
        assert 1 <= len(ranked) <= 2
        assert set(ranked[0]) == {
            "transcript",
            "cost",
            "acoustic_cost",
            "language_model_cost",
        }


def test_transcribe_without_an_engine_is_a_missing_part(call, tmp_path, spoken):
    status, out, err = call(
        speech_engine.app, "transcribe", spoken("save file"), "--engine", tmp_path / "none"
    )
    assert (status, out) == (3, "")
    assert "try:" in err


def test_transcribe_of_something_else_fails(call, engine, tmp_path):
    (tmp_path / "a.wav").write_text("not audio")
    status, _, err = call(speech_engine.app, "transcribe", tmp_path / "a.wav", "--engine", engine)
    assert status == 1
    assert "a.wav: not an audio file" in err


def test_transcribe_of_no_best_is_wrong_usage(call, engine, spoken):
    path = spoken("save file")
    arguments = ("transcribe", path, "--n-best", 0, "--engine", engine)
    assert call(speech_engine.app, *arguments)[0] == 2


def test_evaluate_prints_scores_as_json(call, engine, spoken, tmp_path):
    path = spoken("save file")
    (tmp_path / "a.flac").write_bytes(path.read_bytes())
    (tmp_path / "transcripts.tsv").write_text("file\ttranscript\na.flac\tsave file\n")
    status, out, _ = call(speech_engine.app, "evaluate", tmp_path, "--engine", engine, "--json")
    assert status == 0
    assert json.loads(out)["recall"]["1"]["count"] == 1
    status, out, _ = call(speech_engine.app, "evaluate", tmp_path, "--engine", engine)
    assert "recall@1" in out


def test_lexicon_and_g2p(call, tmp_path):
    corpus, model, output = tmp_path / "corpus", tmp_path / "g2p.fst", tmp_path / "lexicon.txt"
    corpus.write_text("add zibblewoc\n")
    size = ("--words", 400, "--held-out", 20, "--order", 3, "--iterations", 1)
    status, out, _ = call(g2p.app, "train", "--output", model, *size, "--json")
    assert status == 0
    assert json.loads(out)["held_out_words"] == 20
    status, out, _ = call(g2p.app, "apply", "--model", model, "Zibblewoc")
    assert status == 0
    assert out.startswith("zibblewoc Z ")
    status, out, _ = call(
        lexicon.app, "build", "--output", output, "--text", corpus, "--g2p", model, "--json"
    )
    assert status == 0
    assert json.loads(out)["sources"]["g2p"] == 1
    assert "\nzibblewoc Z" in output.read_text()


def test_g2p_of_what_is_not_a_word_is_wrong_usage(call, tmp_path):
    (tmp_path / "model.fst").write_bytes(b"x" * 1000)
    status, _, err = call(g2p.app, "apply", "--model", tmp_path / "model.fst", "v8")
    assert status == 2
    assert "letters" in err


def test_lexicon_wants_a_text_for_g2p(call, tmp_path):
    arguments = ("build", "--output", tmp_path / "lexicon.txt", "--g2p", tmp_path / "model.fst")
    assert call(lexicon.app, *arguments)[0] == 2


@pytest.fixture
def library(tmp_path, monkeypatch):
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path / "library"))
    return tmp_path / "library"


def test_g2p_is_not_trained_again_for_the_same_inputs(call, tmp_path):
    model = tmp_path / "g2p" / "small.fst"
    size = ("--words", 400, "--held-out", 20, "--order", 3, "--iterations", 1)
    first = json.loads(call(g2p.app, "train", "--output", model, *size, "--json")[1])
    again = json.loads(call(g2p.app, "train", "--output", model, *size, "--json")[1])
    assert (first["status"], again["status"]) == ("done", "up to date")
    assert {**first, "status": ""} == {**again, "status": ""}
    assert "phone_error_rate" in model.with_suffix(".md").read_text()
    status, out, _ = call(g2p.app, "train", "--output", model, *size)
    assert status == 0
    assert f"held out words             {first['held_out_words']}\n" in out


def test_g2p_sizes_are_the_recipes_without_an_output(call, library):
    assert call(g2p.app, "train", "--words", 400)[0] == 2
    assert call(g2p.app, "train", "--test-mode", "--output", library / "x.fst")[0] == 2


def test_lexicon_words_are_added_shown_listed_and_removed(call, library):
    status, out, _ = call(lexicon.app, "add", "Zorp", "--pronunciation", "Z AO R P")
    assert status == 0
    assert out.splitlines() == [
        "zorp  Z AO1 R P  typed",
        "to rebuild: the lexicon, both language models, the export",
        "  maestro speech-engine train-model",
        "  maestro speech-engine export",
    ]
    status, out, _ = call(lexicon.app, "add", "tuple", "zq", "--json")
    document = json.loads(out)
    assert status == 0
    assert {word["origin"] for word in document["words"]} == {"hand:general", "spelled"}
    assert document["rebuild"] == list(lexicon.REBUILD)
    assert "nothing was added" in call(lexicon.app, "add", "zq")[1]
    status, out, _ = call(lexicon.app, "add", "kjs", "--spell", "--dry-run")
    assert out.splitlines()[0] == "kjs  K EY1 JH EY1 EH1 S  spelled"
    listed = json.loads(call(lexicon.app, "list", "--json")[1])["words"]
    assert [word["word"] for word in listed] == ["tuple", "tuple", "zorp", "zq"]
    status, out, _ = call(lexicon.app, "show", "zorp", "println")
    assert status == 0
    assert out.splitlines() == [
        "zorp     Z AO1 R P                own",
        "println  P R IH1 N T L AY2 N      hand:general",
        "println  P R IH1 N T EH2 L EH2 N  hand:general",
        "zorp: no vocabulary has been built yet",
        "println: no vocabulary has been built yet",
    ]
    status, out, _ = call(lexicon.app, "remove", "zorp", "tuple")
    assert out.splitlines()[:2] == ["removed tuple", "removed zorp"]
    assert call(lexicon.app, "list")[1].startswith("zq  ")


def test_a_compound_of_the_corpus_is_proposed_by_its_parts(call, library):
    counts = library / "lm" / "model-data" / "vocab-counts.tsv"
    counts.parent.mkdir(parents=True)
    counts.write_text("buffer\t90\nline\t90\n")
    status, out, _ = call(lexicon.app, "add", "linebuffer")
    assert status == 0
    assert out.splitlines()[0] == "linebuffer  L AY1 N B AH2 F ER0  compound"


def test_lexicon_show_of_an_unknown_word_fails(call, library):
    status, out, _ = call(lexicon.app, "show", "xyzzyfoo", "--json")
    assert status == 1
    document = json.loads(out)["words"]["xyzzyfoo"]
    assert document["pronunciations"] == []
    status, out, _ = call(lexicon.app, "show", "xyzzyfoo")
    assert out == "xyzzyfoo: no pronunciation; no vocabulary has been built yet\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("add", "two words"), 2, "not one word: 'two words'"),
        (("add", "<unk>"), 2, "mark of language models"),
        (("add", "zorp", "--pronunciation", "Z O R P"), 2, "unknown phone 'O'"),
        (("add", "zorp", "foo", "--pronunciation", "F UW"), 2, "how one word is said"),
        (("add", "zorpify"), 3, "there is no G2P model"),
        (("add", "utf8"), 2, "--pronunciation"),
        (("remove", "zorp"), 2, "there are none"),
    ],
)
def test_bad_words_are_refused_with_advice(call, library, arguments, status, message):
    found, out, err = call(lexicon.app, *arguments)
    assert (found, out) == (status, "")
    assert message in err
    assert not (library / "lm" / "own-words.txt").exists()


def test_lexicon_can_be_written_without_stress(call, library, tmp_path):
    output = tmp_path / "lexicon.txt"
    assert call(lexicon.app, "build", "--output", output, "--without-stress")[0] == 0
    assert "\ntuple T UW P AH L\n" in output.read_text()


@pytest.mark.parametrize(("phones", "said"), [("AH B SIL SPN", "AH B"), ("AH1 B SIL SPN", "AH1 B")])
def test_graph_lang_leaves_stress_out_for_a_model_without(call, tmp_path, phones, said):
    (tmp_path / "lexicon.txt").write_text("ub AH1 B\n")
    model = tmp_path / "model"
    model.mkdir()
    rows = ["<eps> 0", *(f"{phone} {n}" for n, phone in enumerate(phones.split(), 1))]
    (model / "phones.txt").write_text("\n".join(rows) + "\n")
    arguments = ("--lexicon", tmp_path / "lexicon.txt", "--acoustic-model", model)
    status, _, err = call(graph.app, "lang", *arguments, "--output", tmp_path / "lang")
    assert (status, err) == (0, "")
    assert f"ub {said}\n" in (tmp_path / "lang" / "lexicon.txt").read_text()
