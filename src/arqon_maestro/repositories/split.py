"""Train, valid and test by the hash of the repository, so that held-out code was never seen.

A repository's side depends on its name alone: adding others does not move it, as long as every
side has members of its own. Where the hash leaves a side empty, the repository nearest to that
side is moved there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import xxhash

from arqon_maestro.errors import ConfigurationError
from arqon_maestro.repositories.records import SPLITS

FEWEST_REPOSITORIES = 3
"""With fewer there is none to hold out; the single files are split instead."""

_HASH_RANGE = float(1 << 64)


@dataclass(frozen=True)
class SplitShares:
    """Shares of valid and test among the repositories; the rest is train.

    Attributes:
        valid: from 0 to 1.
        test: from 0 to 1.
        salt: another salt gives another split.
    """

    valid: float = 0.05
    test: float = 0.05
    salt: str = ""

    def __post_init__(self) -> None:
        if not (self.valid >= 0 and self.test >= 0 and self.valid + self.test < 1):
            raise ConfigurationError(
                f"the shares valid {self.valid} and test {self.test} leave nothing to train on",
                where="split",
                remedy="choose shares that sum to less than 1, for example 0.05 and 0.05",
            )


def position(name: str, salt: str = "") -> float:
    """Returns a name's place in [0, 1): its hash as a fraction."""
    return float(xxhash.xxh3_64_intdigest(f"{salt}\0{name}".encode())) / _HASH_RANGE


def split_of(name: str, shares: SplitShares) -> str:
    """Returns the split of a name by its hash alone."""
    place = position(name, shares.salt)
    if place < shares.test:
        return "test"
    return "valid" if place < shares.test + shares.valid else "train"


def assign(
    names: Iterable[str], shares: SplitShares, fixed: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Assigns each repository (or file) to a split.

    With three names or more, every split with a share has at least one of them.

    Args:
        names: what is split; repeated names count once.
        shares: how much is held out.
        fixed: splits set by hand; they are left alone.

    Returns:
        Split by name, sorted by name.
    """
    by_hand = dict(fixed or {})
    ordered = sorted(set(names))
    splits = {name: by_hand.get(name) or split_of(name, shares) for name in ordered}
    movable = sorted(
        (name for name in ordered if name not in by_hand),
        key=lambda name: (position(name, shares.salt), name),
    )
    if len(ordered) < FEWEST_REPOSITORIES:
        return splits
    wanted = {"train": 1.0 - shares.valid - shares.test, "valid": shares.valid, "test": shares.test}
    # Test lies lowest in the hash's range, then valid, then train: each empty side takes the
    # nearest name of a side that can spare one.
    for split in reversed(SPLITS):
        if wanted[split] > 0 and split not in splits.values():
            nearest = reversed(movable) if split == "train" else iter(movable)
            for name in nearest:
                if sum(side == splits[name] for side in splits.values()) > 1:
                    splits[name] = split
                    break
    return splits
