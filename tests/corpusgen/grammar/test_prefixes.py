"""Prefixes of markups lead to exactly the trees that the parser lists, and never to a dead end."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.grammar import accept_parse, generate_chains, parses
from arqon_maestro.corpusgen.grammar.markup import markup_tokens
from arqon_maestro.corpusgen.grammar.parser import MAX_WORDS
from arqon_maestro.corpusgen.grammar.prefixes import Prefix, Prefixes
from arqon_maestro.errors import DataError

from .test_chainer import mappings
from .test_parser import TRICKY, golden


def all_markups(said: list[str]) -> list[str]:
    prefixes = Prefixes(said)
    found: list[str] = []

    def extend(tokens: list[str], prefix: Prefix | None) -> None:
        following = prefixes.following(prefix)
        if prefix is not None:
            assert bool(following) != prefix.whole, f"a dead end after {tokens}"
            if prefix.whole:
                found.append(" ".join(tokens))
        assert len({token for token, _ in following}) == len(following)
        for token, after in following:
            extend([*tokens, token], after)

    extend([], None)
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(TRICKY), min_size=1, max_size=6))
def test_the_same_trees_as_the_parser(said: list[str]) -> None:
    found = all_markups(said)
    assert len(set(found)) == len(found)
    assert set(found) == {parse.markup for parse in parses(said)}


def follow(said: list[str], tokens: list[str]) -> bool:
    """Says whether a markup's tokens can follow one another."""
    prefixes = Prefixes(said)
    prefix: Prefix | None = None
    for token in tokens:
        prefix = dict(prefixes.following(prefix)).get(token)
        if prefix is None:
            return False
    return prefix is not None and prefix.whole


@pytest.mark.parametrize(("transcript", "markup"), golden())
def test_what_people_say(transcript: str, markup: str) -> None:
    assert follow(transcript.split(), markup.split())


def test_the_samplers_tree_can_be_reached() -> None:
    chains, _ = generate_chains(mappings(300), RandomChoices(9))
    for chain in chains:
        assert follow(list(chain.words), markup_tokens(chain.tree))


def test_any_way_through_is_accepted() -> None:
    rng = random.Random(5)
    chains, _ = generate_chains(mappings(300), RandomChoices(10))
    for chain in chains:
        prefixes = Prefixes(chain.words)
        tokens: list[str] = []
        prefix: Prefix | None = None
        while prefix is None or not prefix.whole:
            token, prefix = rng.choice(prefixes.following(prefix))
            tokens.append(token)
        assert accept_parse(chain.words, " ".join(tokens))


def test_what_is_no_command() -> None:
    assert Prefixes([]).following(None) == []
    assert Prefixes(["hello", "world"]).following(None) == []
    with pytest.raises(DataError, match="not a word"):
        Prefixes(["insert", "<b>"])
    with pytest.raises(DataError, match="101 words"):
        Prefixes(["x"] * (MAX_WORDS + 1))


@pytest.mark.parametrize("word", ["delete", "to", "one", "twenty", "change"])
def test_long_ambiguous_transcripts_are_no_hang(word: str) -> None:
    said = [word] * MAX_WORDS
    expected = next(parses(said), None)
    start = time.process_time()
    prefixes = Prefixes(said)
    following = prefixes.following(None)
    assert bool(following) == (expected is not None)
    while following:
        following = prefixes.following(following[-1][1])
    assert time.process_time() - start < 5
