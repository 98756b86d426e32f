from __future__ import annotations

import random
from itertools import pairwise

from arqon_maestro.repositories.duplicates import (
    FEWEST_SHINGLES,
    drop_across_splits,
    drop_exact,
    find_near,
)

from .source_files import source_file


def test_of_equal_contents_the_first_stays() -> None:
    files = [source_file("a", "1"), source_file("b", "2"), source_file("a", "3")]
    dropped: list = []
    assert drop_exact(files, dropped.append) == files[:2]
    assert dropped == files[2:]


def variants(seed: int, lines: int, changed: int) -> tuple[str, str]:
    chance = random.Random(seed)
    original = [f"value_{chance.random()} = {i}" for i in range(lines)]
    copy = list(original)
    for index in chance.sample(range(lines), changed):
        copy[index] = f"other_{chance.random()}"
    return "\n".join(original), "\n".join(copy)


def pairs(text: str) -> set[tuple[str, str]]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return set(pairwise(lines))


def test_near_duplicates_agree_with_all_pairs_compared() -> None:
    texts = [text for seed in range(40) for text in variants(seed, 60, seed % 12)]
    near = find_near(texts, threshold=0.8)
    agreed = missed = 0
    for index in range(0, len(texts), 2):
        a, b = pairs(texts[index]), pairs(texts[index + 1])
        alike = len(a & b) / len(a | b) >= 0.8
        grouped = near.group[index] == near.group[index + 1]
        assert alike or not grouped
        agreed += alike and grouped
        missed += alike and not grouped
    assert agreed >= 10
    assert missed <= 1
    assert near.groups == agreed


def test_unlike_and_short_texts_stay_alone() -> None:
    short = "\n".join(f"line {i}" for i in range(FEWEST_SHINGLES))
    texts = ["", "a", short, short + "x", variants(1, 50, 0)[0], variants(2, 50, 0)[0]]
    assert find_near(texts).group == (0, 1, 2, 3, 4, 5)


def test_a_group_keeps_to_one_side() -> None:
    text, copy = variants(3, 60, 2)
    files = [
        source_file(copy, "a", "r1", split="test"),
        source_file(text, "b", "r2", split="train"),
        source_file(variants(4, 60, 0)[0], "c", "r1", split="test"),
        source_file(copy + "\n", "d", "r3", split="valid"),
    ]
    near = find_near([file.text for file in files])
    dropped: list = []
    assert drop_across_splits(files, near, dropped.append) == files[1:3]
    assert dropped == [files[0], files[3]]


def test_held_out_sides_alone_are_told_apart_too() -> None:
    text, copy = variants(5, 60, 1)
    files = [source_file(text, "a", split="test"), source_file(copy, "b", split="valid")]
    kept = drop_across_splits(files, find_near([text, copy]), lambda _: None)
    assert kept == [files[1]]
