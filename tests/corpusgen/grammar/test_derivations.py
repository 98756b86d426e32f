"""The parser's first tree is the sampler's, for what real source code says."""

from __future__ import annotations

import sysconfig
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from arqon_maestro.corpusgen import generate_mappings
from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.grammar import (
    Chain,
    accept_parse,
    best_parse,
    canonical,
    generate_chains,
    parse_markup,
    words,
    write_markup,
)

from .ambiguity import is_unambiguous

LIBRARY = Path(sysconfig.get_path("stdlib"))
# The first tree is the sampler's for 99% of the unambiguous chains; two thousand chains are few
# enough for 98.5% of them to be no surprise.
LEAST_SHARE = 0.99
LEAST_SHARE_OF_FEW = 0.98
LEAST_SHARE_OF_ALL = 0.975
# At least this share of all chains is unambiguous: they are not a chosen few.
LEAST_UNAMBIGUOUS = 0.85
# Chains whose ambiguity is worked out, to estimate how many of all are unambiguous.
ASKED = 600


def chains_of_the_library(number: int) -> list[Chain]:
    """Chains that say the inserts of the standard library's modules."""
    found: list[Chain] = []
    for seed, path in enumerate(sorted(LIBRARY.glob("[a-z]*.py"))):
        mappings = generate_mappings(path.read_text("utf-8"), "default", seed, add=False)
        found += generate_chains(mappings, RandomChoices(seed), shuffle=True)[0]
        if len(found) >= number:
            return found[:number]
    raise AssertionError(f"only {len(found)} chains")


@dataclass
class Shares:
    """How often the parser's first tree is among the sampler's, and of what."""

    chains: int
    found: int
    unambiguous: int
    unambiguous_found: int

    @property
    def of_all(self) -> float:
        return self.found / self.chains

    @property
    def of_unambiguous(self) -> float:
        return self.unambiguous_found / self.unambiguous


def shares(chains: list[Chain]) -> Shares:
    """Parses all chains.

    Which of the failures are unambiguous is worked out for all of them; how many chains are, for
    the first `ASKED`.
    """
    sampled: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for chain in chains:
        sampled[tuple(chain.words)].add(" ".join(chain.tokens))
    failures = []
    for chain in chains:
        parse = best_parse(chain.words)
        if parse is None or parse.markup not in sampled[tuple(chain.words)]:
            failures.append(chain)
    asked = chains[:ASKED]
    unambiguous = round(_count_unambiguous(asked) / len(asked) * len(chains))
    return Shares(
        chains=len(chains),
        found=len(chains) - len(failures),
        unambiguous=unambiguous,
        unambiguous_found=unambiguous - _count_unambiguous(failures),
    )


def _count_unambiguous(chains: Iterable[Chain]) -> int:
    return sum(is_unambiguous(chain.tree) for chain in chains)


def assert_sound(chain: Chain) -> None:
    markup = " ".join(chain.tokens)
    tree = parse_markup(markup)
    assert write_markup(tree) == markup
    assert canonical(tree) == tree
    assert words(tree) == chain.words
    assert accept_parse(chain.words, markup) == tree


def assert_first_tree_is_the_samplers(chains: list[Chain], least: float) -> None:
    counted = shares(chains)
    print(counted, f"all {counted.of_all:.4f}, unambiguous {counted.of_unambiguous:.4f}")
    assert counted.unambiguous >= LEAST_UNAMBIGUOUS * counted.chains
    assert counted.of_unambiguous >= least
    assert counted.of_all >= LEAST_SHARE_OF_ALL


def test_the_first_tree_of_two_thousand_chains() -> None:
    chains = chains_of_the_library(2000)
    for chain in chains:
        assert_sound(chain)
    assert_first_tree_is_the_samplers(chains, LEAST_SHARE_OF_FEW)


@pytest.mark.slow
def test_a_hundred_thousand_chains() -> None:
    chains = chains_of_the_library(100_000)
    for chain in chains:
        assert_sound(chain)
    assert_first_tree_is_the_samplers(chains, LEAST_SHARE)


@pytest.mark.parametrize(
    ("said", "unambiguous"),
    [
        ("select line two", True),
        ("select two words", True),
        ("insert delete line", True),
        ("copy foo", True),
        ("next one element", False),
        ("right one parameters", False),
        ("select last two foo bar baz", False),
        ("focus chrome undo", True),
        ("focus foo undo", True),
    ],
)
def test_what_is_ambiguous(said: str, unambiguous: bool) -> None:
    parse = best_parse(said.split())
    assert parse is not None
    assert is_unambiguous(parse.tree) is unambiguous
