from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import ConfigurationError
from arqon_maestro.repositories.records import SPLITS
from arqon_maestro.repositories.split import SplitShares, assign, split_of

NAMES = st.sets(st.text("abcdefg/", min_size=1, max_size=8), max_size=30)


@settings(max_examples=60, deadline=None)
@given(NAMES)
def test_every_side_has_a_member_from_three_on(names: set[str]) -> None:
    splits = assign(names, SplitShares())
    assert sorted(splits) == sorted(names)
    if len(names) >= 3:
        assert set(splits.values()) == set(SPLITS)


@settings(max_examples=60, deadline=None)
@given(NAMES, NAMES)
def test_adding_does_not_move_what_the_hash_decides(names: set[str], more: set[str]) -> None:
    shares = SplitShares(valid=0.3, test=0.3)
    for name, split in assign(names | more, shares).items():
        if Counter(assign(names | more, shares).values())[split] > 1:
            assert split == split_of(name, shares)


def test_the_shares_are_kept_on_many() -> None:
    splits = assign([f"repository-{i}" for i in range(20_000)], SplitShares(valid=0.1, test=0.05))
    counts = Counter(splits.values())
    assert abs(counts["valid"] / 20_000 - 0.1) < 0.01
    assert abs(counts["test"] / 20_000 - 0.05) < 0.01


def test_the_split_is_the_same_everywhere_and_for_ever() -> None:
    # Recorded: a change would move test data into training.
    shares = SplitShares()
    names = ["python-3.11/http", "python-3.11/json", "python-3.11/tarfile", "npm/express"]
    assert [split_of(name, shares) for name in names] == ["test", "train", "valid", "train"]


def test_a_split_by_hand_is_left_alone() -> None:
    names = [f"r{i}" for i in range(5)]
    splits = assign(names, SplitShares(), {"r0": "train", "r1": "test"})
    assert splits["r0"] == "train"
    assert splits["r1"] == "test"
    assert "valid" in splits.values()


def test_no_share_no_member() -> None:
    splits = assign([f"r{i}" for i in range(50)], SplitShares(valid=0, test=0.2))
    assert set(splits.values()) == {"train", "test"}


@pytest.mark.parametrize(("valid", "test"), [(0.5, 0.5), (-0.1, 0.1), (1, 0)])
def test_wrong_shares_are_an_error(valid: float, test: float) -> None:
    with pytest.raises(ConfigurationError):
        SplitShares(valid=valid, test=test)
