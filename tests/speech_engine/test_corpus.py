"""Combining and filtering the language model's text."""

from collections import Counter

import pytest

from arqon_maestro.config import load_recipe
from arqon_maestro.errors import ConfigurationError, DataError, MissingPartError
from arqon_maestro.models.keys import MODEL_LANGUAGES
from arqon_maestro.speech_engine.corpus import (
    FilterStatistics,
    combine_corpora,
    count_words,
    filter_corpus,
)
from tests.checkouts import ROOT


@pytest.fixture
def corpora(tmp_path):
    paths = {}
    for language, number in (("python", 100), ("default", 30)):
        paths[language] = tmp_path / f"{language}.txt"
        paths[language].write_text("".join(f"{language} line {n}\n\n" for n in range(number)))
    return paths


def test_everything_is_taken_without_a_limit(tmp_path, corpora):
    out = tmp_path / "corpus.txt"
    assert combine_corpora(out, corpora) == {"default": 30, "python": 100}
    lines = out.read_text().splitlines()
    assert len(lines) == 130
    assert lines[0] == "default line 0"


def test_shares_decide_and_a_short_language_gives_all_it_has(tmp_path, corpora):
    out = tmp_path / "corpus.txt"
    taken = combine_corpora(out, corpora, shares={"python": 1, "default": 3}, maximum_sentences=80)
    assert taken == {"default": 30, "python": 20}
    assert Counter(line.split()[0] for line in out.read_text().splitlines()) == taken


def test_share_zero_leaves_a_language_out(tmp_path, corpora):
    taken = combine_corpora(tmp_path / "c.txt", corpora, shares={"default": 0})
    assert taken == {"default": 0, "python": 100}


def test_seed_decides_which_sentences(tmp_path, corpora):
    def text(seed):
        out = tmp_path / f"{seed}.txt"
        combine_corpora(out, corpora, maximum_sentences=20, seed=seed)
        return out.read_text()

    assert text(1) == text(1)
    assert text(1) != text(2)


@pytest.mark.parametrize("shares", [{"klingon": 1}, {"python": -1}, {"python": 0, "default": 0}])
def test_bad_shares_are_refused(tmp_path, corpora, shares):
    with pytest.raises(ConfigurationError):
        combine_corpora(tmp_path / "c.txt", corpora, shares=shares)
    assert not (tmp_path / "c.txt").exists()


def test_words_outside_the_vocabulary_become_hints(tmp_path):
    source, filtered = tmp_path / "corpus.txt", tmp_path / "corpus-filtered.txt"
    source.write_text("add foo\n\n  import   n(spell) \nfoo\n")
    statistics = filter_corpus(source, filtered, ["add", "import", "n(spell)"])
    assert filtered.read_text() == "add #nonterm:hint\nimport n(spell)\n#nonterm:hint\n"
    assert statistics == FilterStatistics(sentences=3, words=5, replaced=2)


def test_counts(tmp_path):
    (tmp_path / "a").write_text("a b a\n")
    (tmp_path / "b").write_text("b\n\n")
    assert count_words([tmp_path / "a", tmp_path / "b"]) == {"a": 2, "b": 2}


def test_empty_missing_and_binary_texts_are_refused(tmp_path):
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n\n")
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="no sentence"):
        filter_corpus(empty, tmp_path / "out", ["a"])
    with pytest.raises(DataError, match="no sentence"):
        combine_corpora(tmp_path / "out", {"python": empty})
    with pytest.raises(DataError, match="not UTF-8"):
        count_words([binary])
    with pytest.raises(MissingPartError):
        count_words([tmp_path / "none"])
    assert not (tmp_path / "out").exists()


def test_full_recipe_samples_as_the_reference_does():
    recipe = load_recipe(ROOT, test_mode=False).speech_engine
    whole = sum(recipe.shares.values())
    lines = {name: recipe.corpus_lines * share / whole for name, share in recipe.shares.items()}
    large = {"default", "java", "javascript", "python"}
    assert set(lines) == set(MODEL_LANGUAGES)
    for language, number in lines.items():
        assert number == (5_000_000 if language in large else 1_000_000), language
    # Two million empty sentences, as a weight.
    assert recipe.empty_sentences * recipe.corpus_lines == pytest.approx(2_000_000, rel=0.001)


def test_an_empty_language_gives_nothing_and_only_all_empty_ones_are_an_error(tmp_path, corpora):
    corpora["go"] = tmp_path / "go.txt"
    corpora["go"].write_text("\n \n")
    taken = combine_corpora(tmp_path / "c.txt", corpora, maximum_sentences=30)
    assert taken == {"default": 10, "go": 0, "python": 10}
    with pytest.raises(DataError, match="generate-dataset --force"):
        combine_corpora(tmp_path / "d.txt", {"go": corpora["go"]})
    with pytest.raises(DataError, match=r"go.txt: no sentence.*\n  try: maestro corpusgen text"):
        filter_corpus(corpora["go"], tmp_path / "e.txt", ["a"])
