"""Texts in, words out; malformed ones named with their line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.ngram.text import Span, read_blocks, read_vocabulary, spans_of


def sentences(path: Path, **options: int | Span) -> list[list[str]]:
    result = []
    for block in read_blocks(path, **options):
        tokens = iter(block.words[i] for i in block.tokens)
        result += [[next(tokens) for _ in range(n)] for n in block.lengths]
    return result


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_blanks_empty_lines_and_a_missing_last_line_end(tmp_path: Path, suffix: str) -> None:
    data = b"\n  a  b\tc \r\n \t \nd\xc3\xa9 #nonterm:hint\n\nlast"
    path = tmp_path / f"text{suffix}"
    path.write_bytes(gzip.compress(data) if suffix else data)
    expected = [[], ["a", "b", "c"], [], ["dé", "#nonterm:hint"], [], ["last"]]
    assert sentences(path) == expected


@settings(max_examples=80, deadline=None)
@given(
    text=st.text(alphabet="ab é\t\r\n", max_size=80),
    block_bytes=st.integers(1, 30),
)
def test_as_python_splits_whatever_the_size_of_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, text: str, block_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("text") / "text"
    path.write_bytes(text.encode())
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    assert sentences(path, block_bytes=block_bytes) == [line.split() for line in lines]


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(alphabet="ab é\n\n", max_size=80),
    span_bytes=st.integers(1, 30),
    threads=st.integers(1, 3),
)
def test_spans_hold_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, text: str, span_bytes: int, threads: int
) -> None:
    path = tmp_path_factory.mktemp("text") / "text"
    path.write_bytes(text.encode())
    parts = [
        sentence
        for span in spans_of(path, span_bytes)
        for sentence in sentences(path, span=span, block_bytes=7, threads=threads)
    ]
    assert parts == sentences(path)


def test_a_bad_word_far_into_a_file_is_named_with_its_line(tmp_path: Path) -> None:
    data = b"a b c d e\n" * 30 + b"f <s> g\n" + b"a b\n" * 20
    path = tmp_path / "text"
    path.write_bytes(data)
    spans = spans_of(path, 50)
    assert len(spans) > 5
    with pytest.raises(DataError, match=rf"{path}:31: the word <s>"):
        for span in spans:
            sentences(path, span=span, block_bytes=16)
    zipped = tmp_path / "text.gz"
    zipped.write_bytes(gzip.compress(data.replace(b"<s>", b"\0")))
    assert len(spans_of(zipped, 50)) == 1
    with pytest.raises(DataError, match=rf"{zipped}:31: a NUL byte"):
        sentences(zipped, block_bytes=16, threads=2)


@pytest.mark.parametrize("marker", ["<s>", "</s>", "<unk>"])
def test_markers_in_the_text_are_refused_with_their_line(tmp_path: Path, marker: str) -> None:
    path = tmp_path / "text"
    path.write_text(f"a b\n\nc {marker} d\n{marker}\n")
    with pytest.raises(DataError, match=rf"{path}:3: the word {marker} in a text"):
        sentences(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"a\nb c\xff\n")
    with pytest.raises(DataError, match=rf"{path}:2: not UTF-8"):
        sentences(path)
    path.write_bytes(b"a\nb\nc \0\n")
    with pytest.raises(DataError, match=rf"{path}:3: a NUL byte"):
        sentences(path)
    gz = tmp_path / "text.gz"
    gz.write_bytes(gzip.compress(b"a b c\n" * 100)[:-12])
    with pytest.raises(DataError, match="damaged gzip"):
        sentences(gz)
    whole = gzip.compress(b"a b c\n" * 100)
    gz.write_bytes(whole[:20] + b"\xff\xff" + whole[22:])
    with pytest.raises(DataError, match="damaged gzip"):
        sentences(gz)
    with pytest.raises(MissingPartError):
        sentences(tmp_path / "nothing")
    with pytest.raises(DataError, match="a folder"):
        sentences(tmp_path)


def test_vocabulary(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("zebra\n\n<s>\napple\nzebra\n#nonterm:hint\n")
    assert read_vocabulary(path) == ("#nonterm:hint", "apple", "zebra")
    path.write_text("one\ntwo words\n")
    with pytest.raises(DataError, match=rf"{path}:2: more than one word"):
        read_vocabulary(path)
    path.write_text("</s>\n")
    with pytest.raises(DataError, match="without words"):
        read_vocabulary(path)
