"""Distances of phone strings against the plain recursion; words that sound alike."""

from __future__ import annotations

import math
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.errors import ConfigurationError
from arqon_maestro.evaluation import phones as phones_module
from arqon_maestro.evaluation.phones import NOTHING, Phones, SoundIndex, phone_costs
from arqon_maestro.speech_engine.lexicon.pronunciations import PHONES

SOUNDS = st.lists(st.sampled_from(sorted(PHONES)), min_size=1, max_size=5).map(tuple)


def plain_distance(said: Phones, heard: Phones) -> float:
    costs = phone_costs()

    @cache
    def distance(i: int, j: int) -> float:
        if i == j == 0:
            return 0.0
        options = []
        if i:
            options.append(distance(i - 1, j) + costs.of(said[i - 1], NOTHING))
        if j:
            options.append(distance(i, j - 1) + costs.of(NOTHING, heard[j - 1]))
        if i and j:
            options.append(distance(i - 1, j - 1) + costs.of(said[i - 1], heard[j - 1]))
        return min(options)

    return distance(len(said), len(heard))


@given(st.lists(SOUNDS, min_size=1, max_size=8, unique=True), SOUNDS, st.floats(0, 8))
def test_within_finds_what_is_near(sounds: list[Phones], said: Phones, limit: float) -> None:
    index = SoundIndex((f"w{number}", heard) for number, heard in enumerate(sounds))
    distances = {f"w{number}": plain_distance(said, heard) for number, heard in enumerate(sounds)}
    found = dict(index.within(said, limit))
    # Sums of costs that are the limit, but for rounding, may be either.
    sure = {word for word, distance in distances.items() if distance < limit - 1e-3}
    assert sure <= found.keys()
    assert all(distances[word] < limit + 1e-3 for word in found)
    assert all(math.isclose(found[word], distances[word], abs_tol=1e-4) for word in found)


@given(st.lists(SOUNDS, min_size=1, max_size=8, unique=True), SOUNDS)
def test_one_apart_is_one_confusion(sounds: list[Phones], said: Phones) -> None:
    index = SoundIndex((f"w{number}", heard) for number, heard in enumerate(sounds))
    for word, cost in index.one_apart(said):
        heard = sounds[int(word[1:])]
        assert cost >= plain_distance(said, heard) - 1e-9
        assert cost == 0 or abs(len(heard) - len(said)) <= 1
    assert {word for word, cost in index.one_apart(said) if cost == 0} == set(index.exact(said))


def test_costs_are_the_same_both_ways_and_positive() -> None:
    costs = phone_costs()
    assert all(costs.pairs[heard, said] == cost for (said, heard), cost in costs.pairs.items())
    assert min(costs.pairs.values()) > 0
    assert costs.of("P", "P") == 0
    assert costs.of("P", "IY") == math.inf
    assert costs.of("F", "TH") < costs.of("F", "S") < costs.of("F", "M")


def test_homophones_have_no_distance() -> None:
    index = SoundIndex([("four", ("F", "AO", "R")), ("for", ("F", "AO", "R")), ("b", ("B", "IY"))])
    assert index.exact(("F", "AO", "R")) == ["four", "for"]
    assert index.within(("F", "AO", "R"), 0.0) == [("for", 0.0), ("four", 0.0)]


@pytest.mark.parametrize("line", ["P B", "P Q 1.0", "P\tB\t1.0\nB\tP\t1.0"])
def test_a_bad_table_is_refused(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Files:
        def joinpath(self, *parts: str) -> Files:
            return self

        def read_text(self, encoding: str) -> str:
            return line

    monkeypatch.setattr(phones_module.resources, "files", lambda package: Files())
    phone_costs.cache_clear()
    try:
        with pytest.raises(ConfigurationError):
            phone_costs()
    finally:
        phone_costs.cache_clear()
