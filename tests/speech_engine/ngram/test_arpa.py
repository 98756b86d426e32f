"""ARPA files: round trips, and every kind of malformed line named."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pocketsphinx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.ngram import arpa_reader, arpa_writer
from arqon_maestro.speech_engine.ngram.arpa_reader import read_arpa
from arqon_maestro.speech_engine.ngram.arpa_writer import write_arpa
from arqon_maestro.speech_engine.ngram.balance import largest_imbalance
from arqon_maestro.speech_engine.ngram.counts import count_ngrams
from arqon_maestro.speech_engine.ngram.kneser_ney import estimate
from arqon_maestro.speech_engine.ngram.model import ModelLevel, NgramModel

from . import reference
from .conftest import WriteText, entries

GOOD = """\
Anything may stand before the data.

\\data\\
ngram 1=4
ngram 2=3

\\1-grams:
-0.5 a -0.25
-99\t<s>\t-0.5
-0.7\t</s>
 -1e0  #nonterm:hint\t0

\\2-grams:
-0.25\ta </s>
-inf\t<s> a
-0.125\ta a

\\end\\
"""


def test_reads_what_other_tools_write(tmp_path: Path) -> None:
    path = tmp_path / "model.arpa"
    path.write_text(GOOD)
    assert entries(read_arpa(path)) == {
        ("a",): (-0.5, -0.25),
        ("<s>",): (-99.0, -0.5),
        ("</s>",): (pytest.approx(-0.7), 0.0),
        ("#nonterm:hint",): (-1.0, 0.0),
        ("a", "</s>"): (-0.25, 0.0),
        ("<s>", "a"): (-99.0, 0.0),
        ("a", "a"): (-0.125, 0.0),
    }
    path.write_text(GOOD.replace("\n", "\r\n"))
    assert len(entries(read_arpa(path))) == 7


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("-0.25\ta </s>", "-0.25\ta", 14, "a malformed 2-gram"),
        ("-0.25\ta </s>", "-0.25\ta </s> b c", 14, "5 fields in"),
        ("-0.25\ta </s>", "-0.2x\ta </s>", 14, "not a number"),
        ("-0.25\ta </s>", "nan\ta </s>", 14, "not a number"),
        ("-0.5 a -0.25", "-0.5 a b", 8, "not a number"),
        ("-0.125\ta a", "-0.125\ta other", 16, "'other' is not among the 1-grams"),
        ("-0.125\ta a", "-0.125\ta </s>", 16, "a 2-gram again"),
        ("-0.7\t</s>", "-0.7\ta", 10, "the 1-gram 'a' again"),
        ("-0.7\t</s>", "0.7\t</s>", 10, "a probability above one"),
        ("a -0.25", "a 9999", 8, "a back-off weight too large"),
        ("ngram 2=3", "ngram 2=4", 13, "3 2-grams, where the head of the file promises 4"),
        ("ngram 2=3", "ngram three", 5, "ngram 2=… expected"),
        ("\\2-grams:", "\\3-grams:", 13, "\\\\2-grams: expected"),
        ("\\data\\", "\\date\\", 3, "an ARPA file begins with"),
    ],
)
def test_malformed_lines_are_named(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    path = tmp_path / "model.arpa"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(DataError, match=message) as caught:
        read_arpa(path)
    assert caught.value.where == f"{path}:{line}"


SCRAPS = [
    *"\\\n\t -1.+=ax",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "\0",
    "\r",
    "\udcff",
    "ngram 2=",
    "9" * 30,
]


@settings(max_examples=300, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 12), st.sampled_from(["", *SCRAPS])),
        min_size=1,
        max_size=3,
    )
)
def test_damaged_files_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, str]]
) -> None:
    path = tmp_path_factory.mktemp("arpa") / "model.arpa"
    text = GOOD
    for place, removed, scrap in edits:
        text = text[:place] + scrap + text[place + removed :]
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    try:
        model = read_arpa(path)
    except DataError as error:
        assert str(error.where).startswith(str(path))
        return
    assert np.isfinite(model.score_sentences([["a", "b"], []])).all()
    assert np.isfinite(largest_imbalance(model).total)


def test_a_missing_context_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.arpa"
    text = GOOD.replace("ngram 2=3\n", "ngram 2=3\nngram 3=1\n")
    path.write_text(text.replace("\\end\\", "\\3-grams:\n-1\t</s> a a\n\n\\end\\"))
    with pytest.raises(DataError, match="whose context is not among the 2-grams") as caught:
        read_arpa(path)
    assert caught.value.where == f"{path}:20"


def test_files_that_are_no_arpa(tmp_path: Path) -> None:
    path = tmp_path / "model.arpa"
    for text, message in [
        ("", "not an ARPA file"),
        ("hello\nworld\n", "not an ARPA file"),
        (GOOD.replace("\\end\\\n", ""), "ends too early|no line"),
        (GOOD[: GOOD.index("\\2-grams")], "ends too early"),
    ]:
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            read_arpa(path)
    zipped = tmp_path / "model.arpa.gz"
    zipped.write_bytes(gzip.compress(GOOD.encode())[:-10])
    with pytest.raises(DataError, match="damaged gzip"):
        read_arpa(zipped)
    with pytest.raises(MissingPartError):
        read_arpa(tmp_path / "nothing.arpa")


def same(first: NgramModel, second: NgramModel) -> bool:
    return first.vocabulary == second.vocabulary and all(
        np.array_equal(getattr(ours, name), getattr(theirs, name))
        for ours, theirs in zip(first.levels, second.levels, strict=True)
        for name in ("parents", "words", "log10_probabilities", "log10_backoffs")
    )


@pytest.mark.parametrize("name", ["model.arpa", "model.arpa.gz"])
@pytest.mark.parametrize("chunk_bytes", [200, 1 << 20])
def test_round_trip_of_a_real_model(
    tmp_path: Path,
    write_text: WriteText,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    chunk_bytes: int,
) -> None:
    monkeypatch.setattr(arpa_reader, "CHUNK_BYTES", chunk_bytes)
    monkeypatch.setattr(arpa_writer, "MEMBER_BYTES", 7 * chunk_bytes)
    monkeypatch.setattr(arpa_writer, "ROWS_AT_ONCE", 77)
    text = reference.random_text(seed=7, sentences=200, words=300)
    model = estimate(count_ngrams([write_text(text)], 4), min_counts=(1, 1, 2)).model
    write_arpa(model, tmp_path / name)
    assert same(read_arpa(tmp_path / name), model)
    again = tmp_path / f"again-{name}"
    write_arpa(read_arpa(tmp_path / name), again, threads=3)
    assert again.read_bytes() == (tmp_path / name).read_bytes()


@settings(max_examples=50, deadline=None)
@given(
    scores=st.lists(
        st.tuples(st.floats(-99, 0, width=32), st.floats(-99, 9, width=32)),
        min_size=3,
        max_size=9,
    )
)
def test_round_trip_of_any_numbers(
    tmp_path_factory: pytest.TempPathFactory, scores: list[tuple[float, float]]
) -> None:
    size = len(scores)
    # A back-off weight of minus zero is written as none at all.
    values = np.array(scores, np.float32) + np.float32(0.0)
    unigrams = ModelLevel(
        np.zeros(size, np.int32),
        np.arange(size, dtype=np.int32),
        values[:, 0].copy(),
        values[:, 1].copy(),
    )
    bigrams = ModelLevel(
        np.arange(size, dtype=np.int32),
        np.arange(size, dtype=np.int32)[::-1].copy(),
        values[::-1, 0].copy(),
        np.zeros(size, np.float32),
    )
    vocabulary = ("<s>", "</s>", *(f"w{i}" for i in range(size - 2)))
    model = NgramModel(vocabulary, (unigrams, bigrams))
    path = tmp_path_factory.mktemp("arpa") / "model.arpa"
    write_arpa(model, path)
    assert same(read_arpa(path), model)


def test_n_grams_in_any_order(tmp_path: Path, write_text: WriteText) -> None:
    text = reference.random_text(seed=8, sentences=100, words=50)
    model = estimate(count_ngrams([write_text(text)], 3)).model
    path = tmp_path / "model.arpa"
    write_arpa(model, path)
    head, *sections = path.read_text().split("\n\n")
    shuffled = []
    for section in sections[:-1]:
        title, *rows = section.split("\n")
        shuffled.append("\n".join([title, *sorted(rows, key=lambda row: row[::-1])]))
    path.write_text("\n\n".join([head, *shuffled, sections[-1]]))
    assert entries(read_arpa(path)) == entries(model)


def test_pocketsphinx_reads_the_same_probabilities(tmp_path: Path, write_text: WriteText) -> None:
    text = reference.random_text(seed=9, sentences=100, words=50)
    model = estimate(count_ngrams([write_text(text)], 3), min_counts=(1, 2, 1)).model
    path = tmp_path / "model.arpa"
    write_arpa(model, path)
    scale = pocketsphinx.LogMath(1.00001)
    theirs = pocketsphinx.NGramModel(pocketsphinx.Config(lw=1.0, wip=1.0), scale, str(path))
    for sentence in text[:20]:
        padded = ["<s>", *sentence, "</s>"]
        for place in range(1, len(padded)):
            history = padded[max(0, place - 2) : place]
            found = scale.log_to_log10(theirs.prob([padded[place], *reversed(history)]))
            expected = model.log10_probability(history, padded[place])
            # Its logarithms are whole numbers of a small base.
            assert found == pytest.approx(expected, abs=1e-4)
