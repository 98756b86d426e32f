"""Vocabularies: Marian's counting, a file that every reader understands, pieces that repeat."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.code_engine.vocabulary import (
    PieceVocabulary,
    WordVocabulary,
    load_vocabulary,
)
from arqon_maestro.errors import DataError, MissingPartError

texts = st.lists(
    st.lists(st.sampled_from(["a", "b", "É", "zz", "</s>", "<unk>", "=", "~"]), max_size=9).map(
        " ".join
    ),
    max_size=9,
)
strange = st.lists(
    st.text(
        st.characters(blacklist_categories=["Cs"], blacklist_characters=" \n"), min_size=1
    ).filter(lambda token: token not in ("</s>", "<unk>")),
    unique=True,
    max_size=20,
)


def naive(lines: list[str], size: int) -> list[str]:
    counts = Counter(token for line in lines for token in line.split(" "))
    for token in ("", "</s>", "<unk>"):
        del counts[token]
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0].encode()))
    return (["</s>", "<unk>"] + [token for token, _ in ranked])[:size]


@given(texts, st.integers(3, 10))
def test_counting_as_marian_vocab(lines: list[str], size: int) -> None:
    assert WordVocabulary.count(lines, size).tokens == naive(lines, size)


@given(strange)
def test_any_token_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, tokens: list[str]
) -> None:
    path = tmp_path_factory.mktemp("vocabulary") / "vocab.yml"
    vocabulary = WordVocabulary(["</s>", "<unk>", *tokens])
    vocabulary.save(path)
    assert WordVocabulary.load(path).tokens == vocabulary.tokens
    entries = yaml.safe_load(path.read_text())
    assert entries == {token: number for number, token in enumerate(vocabulary.tokens)}


def test_lines_of_the_file_are_json_but_for_the_backslash(tmp_path: Path) -> None:
    vocabulary = WordVocabulary(["</s>", "<unk>", '"', "\\", "y", "0", "é"])
    vocabulary.save(tmp_path / "vocab.yml")
    assert (tmp_path / "vocab.yml").read_text() == (
        '"</s>": 0\n"<unk>": 1\n"\\"": 2\n\\: 3\n"y": 4\n"0": 5\n"é": 6\n'
    )


def test_marian_s_own_style_is_read(tmp_path: Path) -> None:
    path = tmp_path / "vocab.yml"
    path.write_text('"</s>": 0\n<unk>: 1\ny: 2\n~: 3\n\'#\': 4\n12: 5\n? "="\n: 6\n')
    assert WordVocabulary.load(path).tokens == ["</s>", "<unk>", "y", "~", "#", "12", "="]


def test_encoding() -> None:
    vocabulary = WordVocabulary(["</s>", "<unk>", "get", "name"])
    assert vocabulary.encode("get other name") == [2, 1, 3]
    assert vocabulary.encode("") == []
    assert vocabulary.decode([2, 3]) == "get name"


@pytest.mark.parametrize(
    "text",
    [
        "a: 0\nb: 1\n",
        "</s>: 0\n<unk>: 1\na: 3\n",
        "</s>: 0\n<unk>: 1\na: 1\n",
        "</s>: 0\n<unk>: x\n",
        "- a\n- b\n",
        "{",
        "",
    ],
)
def test_what_is_no_vocabulary(tmp_path: Path, text: str) -> None:
    path = tmp_path / "vocab.yml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"vocab\.yml"):
        WordVocabulary.load(path)


def test_missing_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError):
        load_vocabulary(tmp_path)


PROSE = [json.dumps(f"get the {word} of item {n}") for n in range(60) for word in ("name", "size")]


def test_pieces(tmp_path: Path) -> None:
    vocabulary = PieceVocabulary.train(PROSE, 80, max_lines=1000)
    assert vocabulary.tokens[:2] == ["</s>", "<unk>"]
    assert len(vocabulary) <= 80
    line = "get the size of item 7"
    assert vocabulary.decode(vocabulary.encode(line)) == line
    vocabulary.save(tmp_path / "vocab.spm")
    again = PieceVocabulary.train(PROSE, 80, max_lines=1000)
    again.save(tmp_path / "again.spm")
    assert (tmp_path / "vocab.spm").read_bytes() == (tmp_path / "again.spm").read_bytes()
    assert load_vocabulary(tmp_path).encode(line) == vocabulary.encode(line)


def test_pieces_of_nothing() -> None:
    with pytest.raises(DataError, match="cannot learn"):
        PieceVocabulary.train(["", ""], 80, max_lines=10)


def test_no_sentencepiece_model(tmp_path: Path) -> None:
    (tmp_path / "vocab.spm").write_bytes(b"no model")
    with pytest.raises(DataError, match=r"vocab\.spm"):
        load_vocabulary(tmp_path)
