"""From a corpus to lexicon, vocabulary and language models: what is in them, and what is redone."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from arqon_maestro.artifacts import digest, read_json
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.pipeline.context import Pipeline, open_pipeline
from arqon_maestro.pipeline.lexicon import build_vocabulary, find_g2p_model, g2p_step
from arqon_maestro.pipeline.report import _lexicon, lexicon_facts
from arqon_maestro.pipeline.speech_engine import (
    RESCORING,
    SEARCH,
    arpa_path,
    lang_folder,
    train_language_models,
)
from arqon_maestro.speech_engine.acoustic.bundle import BundleKind, folder_bundle
from arqon_maestro.speech_engine.export import export_speech_engine
from arqon_maestro.speech_engine.kaldi.symbol_table import read_symbols
from arqon_maestro.speech_engine.lexicon.build import build_lexicon
from arqon_maestro.speech_engine.lexicon.formats import (
    read_lexicon,
    read_provenance,
    write_lexicon,
)
from arqon_maestro.speech_engine.lexicon.g2p import G2pSettings
from arqon_maestro.speech_engine.lexicon.own_words import add_own_words, remove_own_words, typed
from arqon_maestro.speech_engine.lexicon.pronunciations import STRESSED_PHONES
from arqon_maestro.speech_engine.lexicon.vocabulary import read_dropped_words, read_vocabulary
from arqon_maestro.speech_engine.ngram import NgramModel
from arqon_maestro.speech_engine.ngram.const_arpa_reader import read_const_arpa
from tests.checkouts import make_checkout

SMALL = G2pSettings(training_words=600, held_out_words=20, order=3, iterations=1)
# Every word often enough for the vocabulary; "frobnicate" is in no dictionary, "qz" is spelled,
# "seldom" is too rare, the last line has nothing that can be said.
TEXT = """\
add function frobnicate of size px
add function frobnicate of width px
insert sql(spell) comma qz close paren
insert value equals new set of string
insert value equals new map of string
delete next line and go to end of file
go to end of file and delete next line
"""
RARE = "seldom naïve <unk>\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    checkout = make_checkout(tmp_path_factory.mktemp("checkout"))
    pipeline = open_pipeline(tmp_path_factory.mktemp("library"), checkout, test_mode=True)
    pipeline.runner.run(g2p_step(pipeline.library.g2p_model, SMALL))
    text = TEXT * 4 + RARE
    for path in (pipeline.library.lm_corpus, pipeline.library.language_corpus("python")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    build_vocabulary(pipeline, ["python"])
    train_language_models(pipeline)
    return pipeline


@pytest.fixture
def again(made: Pipeline) -> Callable[[], Pipeline]:
    """Opens the library once more, as the next command does."""
    return lambda: open_pipeline(made.library.root, made.source_root, test_mode=True)


def test_every_word_of_the_vocabulary_has_a_pronunciation_and_every_one_says_where_it_is_from(
    made: Pipeline,
) -> None:
    data = made.library.lm_model_data
    provenance = read_provenance(data / "lexicon-sources.tsv")
    lines = [f"{entry.word} {' '.join(entry.phones)}" for entry in provenance]
    assert (data / "lexicon.txt").read_text().splitlines()[2:] == lines
    assert all(STRESSED_PHONES.issuperset(entry.phones) for entry in provenance)
    for word in read_vocabulary(data / "vocab.txt"):
        assert word in provenance, word
    sources = {word: provenance.pronunciations(word)[0].source for word in provenance.words()}
    assert sources["frobnicate"] == "g2p"
    assert sources["qz"] == "spelled"
    assert sources["sql(spell)"] == "spelled"
    assert sources["banana"] == "cmudict"
    assert sources["async"] == "hand:general"
    noted = read_json(data / "manifest.json")["notes"]["pronunciations by source"]
    assert noted == provenance.sources()


def test_dropped_words_are_in_the_table_and_counted_by_reason(made: Pipeline) -> None:
    data = made.library.lm_model_data
    lost = {entry.word: entry.reason for entry in read_dropped_words(data / "vocab-dropped.tsv")}
    assert lost == {"seldom": "rare", "naïve": "rare", "<unk>": "rare"}
    manifest = read_json(data / "manifest.json")
    assert manifest["rejects"] == {"rare": 3}
    assert manifest["notes"]["occurrences dropped"] == {"rare": 3}
    assert manifest["counts"]["replaced"] == 3


def test_the_report_says_what_was_dropped_and_where_pronunciations_come_from(
    made: Pipeline,
) -> None:
    facts = lexicon_facts(made.library)
    assert facts["dropped"] == {
        "rare": {"words": 3, "occurrences": 3, "commonest": ["<unk>", "naïve", "seldom"]}
    }
    assert facts["pronunciations_by_source"]["g2p"] == 1
    assert 0 < facts["g2p"]["phone_error_rate"] < 1
    assert _lexicon(facts).parts[0].rows == [["rare", 3, 3, "<unk> naïve seldom"]]


def test_g2p_model_is_not_trained_again_and_its_card_has_its_error(
    made: Pipeline, again: Callable[[], Pipeline]
) -> None:
    model = made.library.g2p_model
    outcome = again().runner.run(g2p_step(model, SMALL))
    assert outcome.status == "up to date"
    scores = outcome.manifest["notes"]
    assert scores["held_out_words"] == 20
    card = model.with_suffix(".md").read_text()
    assert f"| phone_error_rate | {scores['phone_error_rate']:.4g} |" in card
    assert find_g2p_model(made.library) == model


def test_own_words_are_recognised_after_a_rebuild_and_gone_after_the_next(
    made: Pipeline, again: Callable[[], Pipeline]
) -> None:
    data, own = made.library.lm_model_data, made.library.own_words
    before = digest(data / "lexicon.txt"), digest(data / "vocab.txt")
    assert build_vocabulary(again(), ["python"]).status == "up to date"
    add_own_words(own, [typed("zibblewoc", "Z IH1 B AH0 L W AA2 K")])
    pipeline = again()
    outcome = build_vocabulary(pipeline, ["python"])
    assert outcome.status == "done"
    assert outcome.manifest["counts"]["own words"] == 1
    assert "zibblewoc" in read_vocabulary(data / "vocab.txt")
    assert [o.status for o in train_language_models(pipeline)] == ["done"] * 3
    # It is not in the corpus, yet the recogniser can hear it.
    model = NgramModel.read(arpa_path(pipeline, SEARCH))
    assert "zibblewoc" in model.word_ids
    remove_own_words(own, ["zibblewoc"])
    build_vocabulary(again(), ["python"])
    assert (digest(data / "lexicon.txt"), digest(data / "vocab.txt")) == before
    train_language_models(again())


def test_the_large_model_is_what_rescoring_adds(made: Pipeline) -> None:
    folder = lang_folder(made)
    symbols = read_symbols(folder / "words.txt")
    assert list(symbols)[-3:] == ["#nonterm_begin", "#nonterm_end", "#nonterm:hint"]
    small, large = (read_const_arpa(folder / name) for name in ("const_arpa", "final_const_arpa"))
    assert (small.order, large.order) == (3, 4)
    history = [symbols[word] for word in ("delete", "next", "line")]
    word = symbols["and"]
    arpa = NgramModel.read(arpa_path(made, RESCORING))
    # The 4-gram itself is in the file: a leaf below the state of its three words.
    state = large._state(history)
    assert state is not None
    assert large._child(state, word) is not None
    expected = arpa.log10_probability(["delete", "next", "line"], "and") * math.log(10)
    assert large.log_probability(history, word) == pytest.approx(expected, abs=1e-5)
    assert large.log_probability(history, word) != small.log_probability(history, word)


def test_a_lexicon_is_written_in_the_phones_of_the_acoustic_model(
    made: Pipeline, tmp_path: Path
) -> None:
    acoustic = tmp_path / "tdnn"
    acoustic.mkdir()
    (acoustic / "final.mdl").write_bytes(b"\0B<TransitionModel> <Topology> ")
    (acoustic / "tree").write_bytes(b"\0B")
    phones = ["<eps>", "SIL", "SIL_B", *(f"{p}_{m}" for p in sorted(STRESSED_PHONES) for m in "BI")]
    (acoustic / "phones.txt").write_text("".join(f"{p} {n}\n" for n, p in enumerate(phones)))
    bundle = folder_bundle(acoustic)
    assert bundle.kind is BundleKind.KALDI and bundle.phones is not None
    data = made.library.lm_model_data
    # The whole lexicon would only take its time.
    words = read_vocabulary(data / "vocab.txt")
    write_lexicon(tmp_path / "lexicon.txt", build_lexicon(words).restricted(words))
    predicted = ((data / "lexicon.txt").read_text().partition("\nfrobnicate ")[2]).split("\n")[0]
    with open(tmp_path / "lexicon.txt", "a") as stream:
        stream.write(f"frobnicate {predicted}\n")
    parts = {
        "lexicon": tmp_path / "lexicon.txt",
        "vocabulary": data / "vocab.txt",
        "search": arpa_path(made, SEARCH),
        "rescoring": arpa_path(made, RESCORING),
    }
    # This model's phones have stress, so the lexicon has it too; the embedded model's have none.
    written = read_lexicon(tmp_path / "lexicon.txt")
    stressed = written.in_phones(bundle.phones, bundle.reference)
    assert stressed.pronunciations("function")[0].phones[1] == "AH1"
    export_speech_engine(tmp_path / "plain", **parts)
    plain = read_lexicon(tmp_path / "plain" / "lexicon.txt")
    assert plain.pronunciations("function")[0].phones[1] == "AH"
    # pocketsphinx cannot decode with a Kaldi model: that needs a decoding graph.
    with pytest.raises(MissingPartError, match="train-model"):
        export_speech_engine(tmp_path / "x", **parts, acoustic_model=bundle)
    assert not (tmp_path / "x").exists()
    (acoustic / "phones.txt").write_text("SIL 1\nAH 2\nN 3\n")
    fewer = folder_bundle(acoustic)
    assert fewer.phones is not None
    with pytest.raises(DataError, match="the acoustic model has no phone"):
        written.in_phones(fewer.phones, fewer.reference)
    (acoustic / "phones.txt").write_text("SIL 1\nAH\n")
    with pytest.raises(DataError, match=r"phones.txt:2"):
        folder_bundle(acoustic)
