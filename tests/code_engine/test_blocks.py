"""Blocks: what is done with numbers of whole blocks is what plain Python does line by line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.code_engine import blocks
from arqon_maestro.code_engine.arrays import PairArrays, build_arrays
from arqon_maestro.code_engine.blocks import LineWriter, Rows, expand, read_blocks, select_lines
from arqon_maestro.code_engine.counts import count_tokens
from arqon_maestro.code_engine.placeholders import BlockReplacer
from arqon_maestro.code_engine.sampling import LineSample, sample_lines, sample_pairs
from arqon_maestro.code_engine.vocabulary import PieceVocabulary, Vocabulary, WordVocabulary
from arqon_maestro.corpusgen.unknowns import MAX_UNKNOWNS
from arqon_maestro.errors import DataError, MissingPartError

from . import plain_dataset
from .plain_dataset import Pair

KNOWN = ("CTX", "ENG", "SP", "(", "_", "max", "of", "é", "</s>", "<unk>", "SNIP_Body")
tokens = st.one_of(
    st.sampled_from(KNOWN),
    st.sampled_from(["clip", "width", "foo", "foo's", "²", "UNK3", "w", "naïve", ""]),
    st.integers(0, 25).map(lambda number: f"w{number}"),
)
lines = st.lists(tokens, max_size=30).map(" ".join)
pair_lists = st.lists(st.tuples(lines, lines), max_size=12)
block_sizes = st.sampled_from([1, 7, 40, 1 << 20])


def write_pairs(folder: Path, pairs: list[Pair]) -> tuple[Path, Path]:
    paths = folder / "input", folder / "output"
    for side, path in enumerate(paths):
        path.write_text("".join(pair[side] + "\n" for pair in pairs), newline="")
    return paths


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("blocks")


@settings(max_examples=40)
@given(pair_lists, block_sizes)
def test_blocks_hold_all_lines_in_their_order(
    folder: Path, pairs: list[Pair], block_bytes: int
) -> None:
    paths = write_pairs(folder, pairs)
    first = 0
    texts = [b"", b""]
    for block in read_blocks(paths, block_bytes):
        assert block.first == first
        first += len(block)
        texts = [text + new for text, new in zip(texts, block.texts, strict=True)]
    assert first == len(pairs)
    assert texts == [path.read_bytes() for path in paths]


@settings(max_examples=60)
@given(pair_lists, st.integers(0, 2**64 - 1), block_sizes)
def test_replacement_is_that_of_single_pairs(
    folder: Path, pairs: list[Pair], seed: int, block_bytes: int
) -> None:
    paths = write_pairs(folder, pairs)
    replacer = BlockReplacer(KNOWN, seed)
    writer = LineWriter(replacer.tokens)
    printed: list[list[str]] = [[], []]
    dropped: Counter[str] = Counter()
    for block in read_blocks(paths, block_bytes):
        left = replacer.encode(block.tokenise())
        dropped.update({reason.value: number for reason, number in left.dropped.items()})
        for side, rows in enumerate((left.sources, left.targets)):
            printed[side] += writer.lines(rows).decode().split("\n")[:-1]
    expected, lost = plain_dataset.replace_unknowns(pairs, KNOWN, seed)
    assert list(zip(*printed, strict=True)) == expected
    assert dropped == lost


@settings(max_examples=30)
@given(pair_lists)
def test_counting_is_that_of_single_lines(folder: Path, pairs: list[Pair]) -> None:
    assert count_tokens(write_pairs(folder, pairs)) == plain_dataset.count_tokens(pairs)


WORDS = WordVocabulary(["</s>", "<unk>", "CTX", "ENG", "max", "foo", "²", "w1", "w2", "w3"])
PIECES = PieceVocabulary.train(
    ["CTX ENG max of clip width foo's naïve w1 w2 SNIP_Body ( _ ) é"] * 9, 60, max_lines=9
)


@pytest.mark.parametrize("vocabulary", [WORDS, PIECES], ids=["words", "pieces"])
@settings(max_examples=25)
@given(pairs=pair_lists, max_length=st.sampled_from([3, 20, 500]))
def test_ids_are_those_of_single_lines(
    folder: Path, vocabulary: Vocabulary, pairs: list[Pair], max_length: int
) -> None:
    paths = write_pairs(folder, pairs)
    counts = build_arrays(paths, folder, "some", vocabulary, max_length)
    arrays = PairArrays.open(folder, "some")
    expected = plain_dataset.encode_ids(pairs, vocabulary, max_length)
    assert (counts.read, counts.kept) == (len(pairs), len(expected))
    assert counts.strange == sum(1 in source or 1 in target for source, target in expected)
    found = [
        (
            arrays.sources[arrays.source_bounds[at] : arrays.source_bounds[at + 1]].tolist(),
            arrays.targets[arrays.target_bounds[at] : arrays.target_bounds[at + 1]].tolist(),
        )
        for at in range(len(arrays))
    ]
    assert found == expected


STRANGE = {
    "composed": "a\u0301 b",
    "composed with a blank": "x \u0301y",
    "sign of a blank": "a\u2581b",
    "ligature and blank": "ﬁne \u00a0 b",
    "tab": "a\tb",
    "wide blank": "\u3000 a",
    "ellipsis": "…",
    "control": "\x07 a",
}


@pytest.mark.parametrize("name", STRANGE)
def test_pieces_of_what_is_normalised(tmp_path: Path, name: str) -> None:
    strange = STRANGE[name]
    pairs = [("max of", strange), (strange, "of max"), (f"of {strange} max", "")]
    paths = write_pairs(tmp_path, pairs)
    build_arrays(paths, tmp_path, "some", PIECES, 500)
    arrays = PairArrays.open(tmp_path, "some")
    expected = plain_dataset.encode_ids(pairs, PIECES, 500)
    assert arrays.sources.tolist() == [number for source, _ in expected for number in source]
    assert arrays.targets.tolist() == [number for _, target in expected for number in target]


def test_placeholders_are_drawn_evenly(tmp_path: Path) -> None:
    paths = write_pairs(tmp_path, [("one two", "two")] * 4000)
    replacer = BlockReplacer([], seed=5)
    (block,) = read_blocks(paths)
    drawn = replacer.encode(block.tokenise()).sources.values.reshape(-1, 2)
    drawn = drawn - replacer.tokens.index("UNK0")
    both = Counter(map(tuple, drawn.tolist()))
    assert len(both) == MAX_UNKNOWNS * (MAX_UNKNOWNS - 1)
    # 380 outcomes of about 10.5 each: chi-squared has mean 379 and deviation 27.5.
    even = 4000 / 380
    assert 250 < sum((number - even) ** 2 / even for number in both.values()) < 520


def test_a_last_line_without_a_line_feed(tmp_path: Path) -> None:
    paths = write_pairs(tmp_path, [("a", "b"), ("c", "d")])
    paths[0].write_text("a\nc")
    assert [block.texts for block in read_blocks(paths)] == [(b"a\nc\n", b"b\nd\n")]


@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_which_line_is_bad(tmp_path: Path, block_bytes: int) -> None:
    paths = write_pairs(tmp_path, [("a b", "c")] * 40)
    paths[1].write_bytes(b"c\n" * 30 + b"\xff\n" + b"c\n" * 9)
    with pytest.raises(DataError, match=r"output:31: not UTF-8"):
        list(read_blocks(paths, block_bytes))
    paths[1].write_text("c\n" * 39)
    with pytest.raises(DataError, match=r"output:40: the target file ends here"):
        list(read_blocks(paths, block_bytes))
    paths[1].unlink()
    with pytest.raises(MissingPartError):
        list(read_blocks(paths, block_bytes))


def test_blocks_are_small_whatever_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_pairs(tmp_path, [("a b", "c")] * 5000)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1000)
    assert max(len(text) for block in read_blocks(paths) for text in block.texts) <= 2000


def test_rows() -> None:
    rows = Rows(np.array([2, 0, 1, 2]), np.array([0, 1, 1, 4]))
    table = Rows(np.array([7, 8, 9]), np.array([0, 2, 2, 3]))
    longer = expand(rows, table)
    assert longer.values.tolist() == [9, 7, 8, 9]
    assert longer.bounds.tolist() == [0, 1, 1, 4]
    some = rows.select(np.array([True, False, True]))
    assert (some.values.tolist(), some.bounds.tolist()) == ([2, 0, 1, 2], [0, 1, 4])
    assert rows.rows_of(np.array([0, 1, 3])).tolist() == [0, 2, 2]


@given(st.integers(0, 300), st.integers(0, 400), st.integers(0, 9), st.data())
def test_samples_do_not_depend_on_portions(
    available: int, wanted: int, seed: int, data: st.DataObject
) -> None:
    whole = LineSample(available, wanted, seed).take(available)
    assert np.count_nonzero(whole) == min(wanted, available)
    sample, parts = LineSample(available, wanted, seed), []
    left = available
    while left:
        part = data.draw(st.integers(1, left))
        parts.append(sample.take(part))
        left -= part
    assert np.concatenate([*parts, np.zeros(0, bool)]).tolist() == whole.tolist()


def test_samples_are_even(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arqon_maestro.code_engine.sampling._CHUNK_LINES", 7)
    chosen = sum(LineSample(20, 5, seed).take(20).astype(int) for seed in range(4000))
    assert chosen.sum() == 20_000
    # 1000 each, with a deviation of 27.
    assert abs(chosen - 1000).max() < 120
    with pytest.raises(ValueError, match="more lines"):
        LineSample(20, 5, 1).take(21)


def test_lines_to_learn_pieces_from(tmp_path: Path) -> None:
    pairs = [(f"source {number}", f"target {number}") for number in range(200)]
    paths = write_pairs(tmp_path, pairs)
    everything = [line for pair in pairs for line in pair]
    assert list(sample_lines(paths, 1000, 1 << 20, 1)) == everything
    few = list(sample_lines(paths, 40, 1 << 20, 1))
    assert len(few) == 40
    assert (
        few == list(sample_lines(paths, 40, 1 << 20, 1)) != list(sample_lines(paths, 40, 9999, 2))
    )
    size = sum(path.stat().st_size for path in paths)
    assert len(list(sample_lines(paths, 1000, size // 4, 1))) == 100


def test_sampled_pairs_stay_pairs_in_their_order(tmp_path: Path) -> None:
    pairs = [(f"source {number}", f"target {number}") for number in range(200)]
    paths = write_pairs(tmp_path, pairs)
    assert list(sample_pairs(paths, 200, 1)) == list(sample_pairs(paths, 999, 2)) == pairs
    few = list(sample_pairs(paths, 30, 1))
    assert len(few) == 30
    assert [pair for pair in pairs if pair in few] == few
    assert few == list(sample_pairs(paths, 30, 1)) != list(sample_pairs(paths, 30, 2))
    assert list(sample_pairs(paths, 0, 1)) == []


def test_selected_lines() -> None:
    text = b"a b\n\nc\n"
    assert select_lines(text, np.array([True, True, True])) == text
    assert select_lines(text, np.array([False, True, True])) == b"\nc\n"
    assert select_lines(text, np.array([False, False, False])) == b""
