"""Leading and alpha contexts (corpusgen.md, section 1.6), by the numbers of its table."""

from __future__ import annotations

from collections import Counter

import pytest

from arqon_maestro.corpusgen import generate_mappings

from .chi_square import assert_agrees, assert_share, uniform
from .lines import SEED

LONGEST = 49
LEAST_WITH_ALPHA = 25


def test_length_of_the_leading_context() -> None:
    lengths = Counter(
        len(mapping.leading_tokens)
        for mapping in generate_mappings("foo\n" * 20_000, "go", SEED, add=False)[LONGEST:]
    )
    assert_agrees(lengths, uniform(range(LONGEST + 1)))


def test_share_of_the_alpha_context() -> None:
    with_alpha: Counter[bool] = Counter()
    for mapping in generate_mappings("foo\n" * 15_000, "go", SEED, add=False)[100:]:
        if len(mapping.leading_tokens) < LEAST_WITH_ALPHA:
            assert mapping.alpha_context == ()
        elif mapping.words[-1:] == ("foo",):
            with_alpha[mapping.alpha_context == (("foo",),)] += 1
    assert_share(with_alpha[True], with_alpha.total(), 0.90)


@pytest.mark.slow
def test_order_of_the_alpha_context() -> None:
    orders = Counter(
        mapping.alpha_context
        for mapping in generate_mappings("foo quux\n" * 8000, "go", SEED, add=False)[100:]
        if len(mapping.alpha_context) == 2
    )
    assert_agrees(orders, uniform([(("foo",), ("quux",)), (("quux",), ("foo",))]))
