"""Datasets: aligned, deterministic, with every dropped pair counted; arrays hold the same text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arqon_maestro.artifacts import digest
from arqon_maestro.code_engine import blocks
from arqon_maestro.code_engine.arrays import TOO_LONG, PairArrays, array_paths, build_arrays
from arqon_maestro.code_engine.dataset import (
    build_dataset,
    encoded_paths,
    lexicon_path,
    raw_paths,
    read_pairs,
)
from arqon_maestro.code_engine.vocabulary import EOS, WordVocabulary
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.corpusgen.unknowns import MAX_UNKNOWNS
from arqon_maestro.errors import DataError, MissingPartError

from . import plain_dataset
from .conftest import DATASET, write_raw


def test_the_files_of_a_dataset(dataset: Path) -> None:
    names = {path.name for path in dataset.iterdir()}
    assert names == {
        *(f"python-data-{s}.{k}" for s in ("train", "valid", "test") for k in ("input", "output")),
        *(
            f"{split}.unk.{kind}"
            for split in ("train", "valid", "test", "valid.small")
            for kind in ("input", "output")
        ),
        "python_auto_style_lexicon.txt",
    }
    lexicon = lexicon_path(dataset, "python", "auto-style").read_text().split()
    assert len(lexicon) <= DATASET.lexicon_size
    known = {*lexicon, *(f"UNK{number}" for number in range(MAX_UNKNOWNS))}
    for split in ("train", "valid", "test"):
        pairs = list(read_pairs(encoded_paths(dataset, split)))
        assert len(pairs) == len(list(read_pairs(raw_paths(dataset, "python", split))))
        assert all({*source.split(), *target.split()} <= known for source, target in pairs)
    assert any("UNK" in source for source, _ in read_pairs(encoded_paths(dataset, "train")))


def test_the_sample_is_drawn_from_the_validation_split(dataset: Path) -> None:
    valid = list(read_pairs(encoded_paths(dataset, "valid")))
    small = list(read_pairs(encoded_paths(dataset, "valid.small")))
    assert len(small) == DATASET.valid_lines < len(valid)
    position = -1
    for pair in small:
        position = valid.index(pair, position + 1)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_raw(tmp_path / name)
        build_dataset(tmp_path / name, "python", "auto-style", DATASET, seed=seed)
        digests.append(digest(tmp_path / name))
    assert digests[0] == digests[1] != digests[2]


def test_the_lexicon_never_sees_test_data(tmp_path: Path) -> None:
    write_raw(tmp_path)
    for path in raw_paths(tmp_path, "python", "test"):
        path.write_text("secret " * 50 + "\n")
    build_dataset(tmp_path, "python", "auto-style", DATASET, seed=1)
    assert "secret" not in lexicon_path(tmp_path, "python", "auto-style").read_text()


def test_the_text_is_that_of_plain_python(dataset: Path) -> None:
    raw = list(read_pairs(raw_paths(dataset, "python", "train")))
    counts = plain_dataset.count_tokens(raw)
    lexicon = lexicon_path(dataset, "python", "auto-style").read_text().split()
    assert lexicon == sorted(counts, key=lambda t: (t not in ("CTX", "ENG"), -counts[t], t))[:10]
    for split in ("train", "valid", "test"):
        raw = list(read_pairs(raw_paths(dataset, "python", split)))
        seed = seed_of(3, "unknowns", "auto-style", "python", split)
        expected, _ = plain_dataset.replace_unknowns(raw, lexicon, seed)
        assert list(read_pairs(encoded_paths(dataset, split))) == expected


def test_blocks_leave_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = []
    for name, block_bytes in (("a", 1 << 20), ("b", 1000)):
        monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
        write_raw(tmp_path / name)
        build_dataset(tmp_path / name, "python", "auto-style", DATASET, seed=1)
        digests.append(digest(tmp_path / name))
    assert digests[0] == digests[1]


def test_added_nodes_are_counted(tmp_path: Path) -> None:
    write_raw(tmp_path)
    sources, targets = raw_paths(tmp_path, "python", "valid")
    sources.write_text("CTX ENG get\nCTX SNIP_StatementList function\n")
    targets.write_text("get\nget CRSR\n")
    lexicon = ["CTX", "ENG", "CRSR", "SNIP_StatementList", "get", "set", "_"]
    summary = build_dataset(tmp_path, "python", "auto-style", DATASET, seed=1, lexicon=lexicon)
    assert summary.added == {"train": 0, "valid": 1, "test": 0}


def test_dropped_pairs_are_counted(tmp_path: Path) -> None:
    write_raw(tmp_path)
    sources, targets = raw_paths(tmp_path, "python", "valid")
    many = " ".join(f"x{number}" for number in range(21))
    sources.write_text(f"CTX ENG get\n{many}\nCTX ENG get\n")
    targets.write_text("get\nget\nunheard\n")
    summary = build_dataset(tmp_path, "python", "auto-style", DATASET, seed=1)
    counts = summary.splits["valid"]
    assert (counts.read, counts.kept) == (3, 1)
    assert counts.dropped == {
        "more than 20 unknown tokens": 1,
        "unknown token in the target only": 1,
    }


def test_pieces_are_copied_unchanged(tmp_path: Path) -> None:
    write_raw(tmp_path)
    pieces = DATASET.model_copy(update={"vocabulary": "pieces"})
    build_dataset(tmp_path, "python", "contextual-language-model", pieces, seed=1)
    for raw, encoded in zip(
        raw_paths(tmp_path, "python", "train"), encoded_paths(tmp_path, "train"), strict=True
    ):
        assert raw.read_bytes() == encoded.read_bytes()
    assert (tmp_path / "python_contextual_language_model_lexicon.txt").is_file()


@pytest.mark.parametrize("side", [0, 1])
def test_misaligned_files(tmp_path: Path, side: int) -> None:
    write_raw(tmp_path)
    path = raw_paths(tmp_path, "python", "train")[side]
    path.write_text(path.read_text() + "one more\n")
    with pytest.raises(DataError, match=r":3001: the (source|target) file ends here"):
        build_dataset(tmp_path, "python", "auto-style", DATASET, seed=1)


def test_bad_bytes_empty_and_missing_files(tmp_path: Path) -> None:
    write_raw(tmp_path)
    source, target = raw_paths(tmp_path, "python", "train")
    source.write_bytes(b"\xff\xfe\n" * 3000)
    with pytest.raises(DataError, match="not UTF-8"):
        build_dataset(tmp_path, "python", "auto-style", DATASET, seed=1)
    source.write_text("")
    target.write_text("")
    with pytest.raises(DataError, match="the file is empty"):
        build_dataset(tmp_path, "python", "auto-style", DATASET, seed=1)
    source.unlink()
    with pytest.raises(MissingPartError):
        build_dataset(tmp_path, "python", "auto-style", DATASET, seed=1)


def test_arrays_hold_the_lines(dataset: Path, tmp_path: Path) -> None:
    texts = encoded_paths(dataset, "train")
    pairs = list(read_pairs(texts))
    vocabulary = WordVocabulary.count((line for pair in pairs for line in pair), 64)
    counts = build_arrays(texts, tmp_path, "train", vocabulary, max_length=5)
    arrays = PairArrays.open(tmp_path, "train")
    kept = [p for p in pairs if max(len(p[0].split()), len(p[1].split())) <= 5]
    assert len(arrays) == counts.kept == len(kept)
    assert counts.dropped == {TOO_LONG: len(pairs) - len(kept)}
    for index, pair in enumerate(kept):
        for tokens, bounds, line in (
            (arrays.sources, arrays.source_bounds, pair[0]),
            (arrays.targets, arrays.target_bounds, pair[1]),
        ):
            ids = tokens[bounds[index] : bounds[index + 1]].tolist()
            assert ids[-1] == EOS
            assert vocabulary.decode(ids[:-1]) == line
    assert arrays.sources.dtype == np.uint16


def test_damaged_arrays(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingPartError):
        PairArrays.open(tmp_path, "train")
    vocabulary = WordVocabulary(["</s>", "<unk>", "CTX"])
    build_arrays(encoded_paths(dataset, "valid"), tmp_path, "valid", vocabulary, max_length=50)
    path = array_paths(tmp_path, "valid")[0]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match="not a token array"):
        PairArrays.open(tmp_path, "valid")


def _cut(array: np.ndarray) -> np.ndarray:
    return array[:-1]


def _stall(array: np.ndarray) -> np.ndarray:
    array[3] = array[2]
    return array


DAMAGES = {
    "fewer tokens": (0, _cut, "source.bounds.npy: not where the lines"),
    "a line of no tokens": (1, _stall, "source.bounds.npy: not where the lines"),
    "fewer targets": (3, _cut, "target.bounds.npy: not where the lines"),
    "other numbers": (1, lambda array: array.astype(np.int32), "not where the lines"),
    "two dimensions": (0, lambda array: array[None], "not a token array"),
    "fractions": (2, lambda array: array.astype(np.float32), "not a token array"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_arrays_that_do_not_fit(dataset: Path, tmp_path: Path, name: str) -> None:
    place, damage, message = DAMAGES[name]
    vocabulary = WordVocabulary(["</s>", "<unk>", "CTX"])
    build_arrays(encoded_paths(dataset, "valid"), tmp_path, "valid", vocabulary, max_length=50)
    path = array_paths(tmp_path, "valid")[place]
    np.save(path, damage(np.load(path)))
    with pytest.raises(DataError, match=message) as raised:
        PairArrays.open(tmp_path, "valid")
    assert "made anew" in raised.value.remedy


def test_arrays_cut_short_or_of_another_split(dataset: Path, tmp_path: Path) -> None:
    vocabulary = WordVocabulary(["</s>", "<unk>", "CTX"])
    for split in ("valid", "test"):
        build_arrays(encoded_paths(dataset, split), tmp_path, split, vocabulary, max_length=50)
    path = array_paths(tmp_path, "valid")[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:-2])
    with pytest.raises(DataError, match="not a token array"):
        PairArrays.open(tmp_path, "valid")
    path.write_bytes(whole + b"12")
    with pytest.raises(DataError, match="something behind it"):
        PairArrays.open(tmp_path, "valid")
    path.write_bytes(whole)
    for place in (2, 3):
        other = array_paths(tmp_path, "test")[place]
        array_paths(tmp_path, "valid")[place].write_bytes(other.read_bytes())
    with pytest.raises(DataError, match="40 targets for 60 sources"):
        PairArrays.open(tmp_path, "valid")


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_a_split_of_which_nothing_is_left(tmp_path: Path, split: str) -> None:
    write_raw(tmp_path)
    sources, targets = raw_paths(tmp_path, "python", split)
    sources.write_text("CTX ENG get\n")
    targets.write_text("unheard\n")
    lexicon = ["CTX", "ENG", "get", "set", "_"]
    with pytest.raises(DataError, match=f"no {split} pair is left.*1 x unknown token"):
        build_dataset(tmp_path, "python", "auto-style", DATASET, seed=1, lexicon=lexicon)
