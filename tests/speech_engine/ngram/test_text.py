"""Texts in, words out; malformed ones named with their line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.ngram.text import read_blocks, read_vocabulary


def sentences(path: Path, **options: int) -> list[list[str]]:
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
