from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import ConfigurationError
from arqon_maestro.repositories.records import SPLITS, SourceFile
from arqon_maestro.repositories.selection import SelectionLimits, select, size_bytes
from arqon_maestro.repositories.split import SplitShares

from .source_files import source_file

NO_FLOOR = SelectionLimits(package_floor_bytes=0, package_share=0.4)


def files_of(sizes: dict[str, list[int]]) -> list[SourceFile]:
    files = []
    for repository, lengths in sizes.items():
        for index, length in enumerate(lengths):
            name = f"{repository} {index} "
            files.append(source_file((name * length)[:length] + name, f"{index}.py", repository))
    return files


def chosen(files: list[SourceFile], limits: SelectionLimits) -> tuple[list, Counter[str]]:
    rejects: Counter[str] = Counter()
    kept = select(files, limits, reject=lambda _, reason: rejects.update([reason]))
    return kept, rejects


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"), st.lists(st.integers(1, 400), min_size=1, max_size=12)
    ),
    st.randoms(use_true_random=False),
)
def test_nothing_is_lost_uncounted_and_order_does_not_matter(
    sizes: dict[str, list[int]], chance: random.Random
) -> None:
    files = files_of(sizes)
    kept, rejects = chosen(files, NO_FLOOR)
    assert len(kept) + sum(rejects.values()) == len(files)
    chance.shuffle(files)
    assert chosen(files, NO_FLOOR) == (kept, rejects)


def test_a_repository_has_no_more_than_its_share() -> None:
    files = files_of({"big": [500] * 400, **{f"r{i}": [500] * 10 for i in range(9)}})
    kept, rejects = chosen(files, NO_FLOOR)
    sizes: Counter[str] = Counter()
    for file in kept:
        sizes[file.repository] += size_bytes(file)
    assert 0.37 < sizes["big"] / sizes.total() <= 0.4
    assert set(rejects) == {"over-package-share"}


def test_a_small_repository_is_never_cut() -> None:
    files = files_of({"big": [500] * 40, "r1": [50]})
    kept, rejects = chosen(files, SelectionLimits(package_floor_bytes=1_000_000))
    assert len(kept) == 41
    assert not rejects


def test_the_limit_samples_every_side() -> None:
    files = files_of({f"r{i}": [500] * 20 for i in range(40)})
    kept, _ = chosen(files, SelectionLimits(limit_bytes=60_000))
    assert {file.split for file in kept} == set(SPLITS)
    assert sum(map(size_bytes, kept)) <= 60_000
    assert len({file.repository for file in kept}) > 25


def test_repositories_are_whole_on_one_side() -> None:
    kept, _ = chosen(files_of({f"r{i}": [50] * 5 for i in range(30)}), SelectionLimits())
    sides: dict[str, set[str]] = {}
    for file in kept:
        sides.setdefault(file.repository, set()).add(file.split)
    assert all(len(side) == 1 for side in sides.values())
    ranks = [SPLITS.index(file.split) for file in kept]
    assert ranks == sorted(ranks)


def test_few_repositories_are_split_by_file() -> None:
    kept, _ = chosen(files_of({"only": list(range(10, 60))}), SelectionLimits())
    assert {file.split for file in kept} == set(SPLITS)


def test_a_split_by_hand() -> None:
    files = files_of({f"r{i}": [50] for i in range(4)})
    kept = select(files, SelectionLimits(), fixed_splits={"r2": "test"}, reject=lambda *_: None)
    assert {file.repository: file.split for file in kept}["r2"] == "test"


def prose_file(sentences: list[str], path: str, repository: str) -> SourceFile:
    return source_file("\n".join(sentences) + "\n", path, repository, language="default")


def test_a_sentence_is_kept_once_and_short_documents_are_joined() -> None:
    boilerplate = [f"Everyone says this sentence number {i}." for i in range(12)]
    files = [
        prose_file(boilerplate, "a.txt", "r1"),
        prose_file(boilerplate, "b.txt", "r2"),
        prose_file([f"One short document says {i}." for i in range(6)], "c.txt", "r3"),
        prose_file([f"The other document says {i}." for i in range(6)], "d.txt", "r3"),
        prose_file(["Too little remains of this one."], "e.txt", "r4"),
    ]
    rejects: Counter[str] = Counter()
    limits = SelectionLimits(shares=SplitShares(valid=0, test=0))
    kept = select(files, limits, reject=lambda _, reason: rejects.update([reason]))
    assert [(file.path, file.text.count("\n")) for file in kept] == [
        ("a.txt", 12),
        ("c.txt+1.txt", 12),
    ]
    assert rejects == {"duplicate": 1, "little-prose": 1}


@pytest.mark.parametrize("values", [{"package_share": 0}, {"package_share": 2}, {"limit_bytes": 0}])
def test_wrong_limits_are_an_error(values: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        SelectionLimits(**values)  # type: ignore[arg-type]
