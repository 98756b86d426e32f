"""Preparation: vocabulary and arrays of a dataset, made once, or with a given vocabulary."""

from __future__ import annotations

from pathlib import Path

from arqon_maestro.code_engine.dataset import build_dataset, encoded_paths, lexicon_path, read_pairs
from arqon_maestro.code_engine.preparation import prepare
from arqon_maestro.code_engine.vocabulary import PieceVocabulary, WordVocabulary, load_vocabulary

from .conftest import DATASET, write_raw


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
    recipe = DATASET.model_copy(update={"vocabulary": "pieces"})
    prepare(dataset, tmp_path, recipe, vocabulary=pieces)
    assert (tmp_path / "vocab.spm").read_bytes() == pieces.to_bytes()
