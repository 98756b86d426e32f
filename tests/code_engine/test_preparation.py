"""Preparation: vocabulary and arrays of a dataset, made once, or with a given vocabulary."""

from __future__ import annotations

from pathlib import Path

import pytest

from arqon_maestro.code_engine.arrays import TOO_LONG, array_paths
from arqon_maestro.code_engine.dataset import build_dataset, encoded_paths, lexicon_path, read_pairs
from arqon_maestro.code_engine.preparation import prepare
from arqon_maestro.code_engine.vocabulary import PieceVocabulary, WordVocabulary, load_vocabulary
from arqon_maestro.errors import DataError, MissingPartError

from .conftest import DATASET, write_raw

PIECES = DATASET.model_copy(update={"vocabulary": "pieces"})


def test_a_given_vocabulary_and_lexicon_are_kept(dataset: Path, tmp_path: Path) -> None:
    counted = prepare(dataset, tmp_path / "counted", DATASET)
    turned = WordVocabulary([*counted.vocabulary.tokens[:2], *counted.vocabulary.tokens[:1:-1]])
    given = prepare(dataset, tmp_path / "given", DATASET, vocabulary=turned)
    assert given.vocabulary.tokens == turned.tokens
    assert load_vocabulary(tmp_path / "given").tokens == turned.tokens
    assert given.fingerprint != counted.fingerprint
    again = prepare(dataset, tmp_path / "given", DATASET, vocabulary=turned)
    assert again.fingerprint == given.fingerprint
    source, _ = next(read_pairs(encoded_paths(dataset, "train")))
    stop = given.train.source_bounds[1] - 1
    assert given.vocabulary.decode(given.train.sources[:stop].tolist()) == source
    other = tmp_path / "other"
    write_raw(other)
    lexicon = ["CTX", "ENG", "_", "get"]
    build_dataset(other, "python", "auto-style", DATASET, seed=3, lexicon=lexicon)
    assert lexicon_path(other, "python", "auto-style").read_text().split() == lexicon
    words = {word for pair in read_pairs(encoded_paths(other, "train")) for word in pair[1].split()}
    assert words <= {*lexicon, *(f"UNK{number}" for number in range(20))}


def test_given_pieces_are_written_as_they_are(dataset: Path, tmp_path: Path) -> None:
    pieces = PieceVocabulary.train(["get the name of the value"] * 9, 40, max_lines=9)
    prepare(dataset, tmp_path, PIECES, vocabulary=pieces)
    assert (tmp_path / "vocab.spm").read_bytes() == pieces.to_bytes()


def test_another_kind_of_vocabulary(dataset: Path, tmp_path: Path) -> None:
    words = WordVocabulary(["</s>", "<unk>", "CTX"])
    with pytest.raises(DataError, match="a vocabulary of words, where the recipe has pieces"):
        prepare(dataset, tmp_path, PIECES, vocabulary=words)
    assert not list(tmp_path.iterdir())


def test_only_one_kind_of_vocabulary_is_left(dataset: Path, tmp_path: Path) -> None:
    for recipe in (PIECES, DATASET, PIECES):
        prepared = prepare(dataset, tmp_path, recipe)
        assert load_vocabulary(tmp_path).tokens == prepared.vocabulary.tokens


def test_a_dataset_of_another_vocabulary(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = prepare(dataset, tmp_path / "counted", DATASET).vocabulary.tokens
    lacking = WordVocabulary([token for token in tokens if token not in ("name", "UNK3")])
    with pytest.raises(DataError, match="another vocabulary") as raised:
        prepare(dataset, tmp_path / "given", DATASET, vocabulary=lacking)
    assert "'UNK3', 'name'" in raised.value.why
    assert "lexicon" in raised.value.remedy
    monkeypatch.setattr("arqon_maestro.code_engine.preparation.STRANGE_SHARE", 0.02)
    # A few pairs with an unknown token are no reason to refuse all.
    rare = WordVocabulary([token for token in tokens if token != "UNK3"])
    assert prepare(dataset, tmp_path / "rare", DATASET, vocabulary=rare).counts["train"].strange > 0


def test_pairs_that_are_too_long_are_counted(dataset: Path, tmp_path: Path) -> None:
    recipe = DATASET.model_copy(update={"max_length": 4})
    counts = prepare(dataset, tmp_path, recipe).counts["train"]
    longer = [
        pair
        for pair in read_pairs(encoded_paths(dataset, "train"))
        if any(len(line.split()) > 4 for line in pair)
    ]
    assert counts.dropped == {TOO_LONG: len(longer)}
    assert counts.kept == counts.read - len(longer) > 0
    with pytest.raises(DataError, match=r"no pair is left \(3000 x longer") as raised:
        prepare(dataset, tmp_path, DATASET.model_copy(update={"max_length": 1}))
    assert "max_length" in raised.value.remedy


def test_damaged_arrays_are_noticed(dataset: Path, tmp_path: Path) -> None:
    prepare(dataset, tmp_path, DATASET)
    path = array_paths(tmp_path / "tokens", "train")[2]
    content = bytearray(path.read_bytes())
    content[-1] ^= 64
    path.write_bytes(content)
    with pytest.raises(DataError, match="is damaged") as raised:
        prepare(dataset, tmp_path, DATASET)
    assert "made anew" in raised.value.remedy
    path.unlink()
    with pytest.raises(MissingPartError, match="no token array"):
        prepare(dataset, tmp_path, DATASET)
