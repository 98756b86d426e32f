"""The transcript parser: all accepted trees, the one that is meant first."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.grammar import (
    Chain,
    Node,
    accept_parse,
    best_parse,
    canonical,
    generate_chains,
    parses,
    words,
)
from arqon_maestro.corpusgen.grammar.expansion import Children, Expansion
from arqon_maestro.corpusgen.grammar.parser import MAX_WORDS
from arqon_maestro.corpusgen.grammar.rules import NUMBER_RULES, load_grammar
from arqon_maestro.corpusgen.grammar.tree import nodes
from arqon_maestro.corpusgen.spoken.number_parser import parse_number
from arqon_maestro.errors import DataError

from .test_chainer import mappings

GOLDEN = Path(__file__).with_name("golden_commands.tsv")
# Words that begin, join and end many rules, and one that none has.
TRICKY = ("go", "to", "line", "two", "delete", "next", "the", "end", "of", "foo", "words", "after")


def golden() -> list[tuple[str, str]]:
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines if line[0] != "#"]  # type: ignore[misc]


@pytest.mark.parametrize(("transcript", "markup"), golden())
def test_what_people_say(transcript: str, markup: str) -> None:
    said = transcript.split()
    parse = best_parse(said)
    assert parse is not None
    assert parse.markup == markup
    assert accept_parse(said, markup) == parse.tree == canonical(parse.tree)


def test_golden_commands_cover_the_grammar() -> None:
    expansion = Expansion(load_grammar().rules, {})
    below = {"main"}
    while (
        more := {
            child[1:-1]
            for rule in below
            for way in expansion.of_rule(rule)
            for child in way
            if child[:1] == "<"
        }
        - below
    ):
        below |= more
    commands = {way[0][1:-1] for way in expansion.of_rule("command")}
    assert "goTo" in commands <= below
    seen = {
        node.name
        for transcript, _ in golden()
        if (parse := best_parse(transcript.split()))
        for node in nodes(parse.tree)
    }
    assert len(golden()) >= 150
    assert commands <= seen
    objects = ("SingularObject", "PluralObject", "NamedObject")
    # Two free texts side by side: nobody says that, but the grammar has it.
    missing = {rule for rule in below - seen if not rule.endswith(objects)}
    assert missing == {"phraseSelectionPrefixPlural"}


@pytest.mark.parametrize(
    "text", ["", "hello world", "to", "change pane", "undo that please", "five x"]
)
def test_what_is_no_command(text: str) -> None:
    assert best_parse(text.split()) is None


@cache
def _expansion() -> Expansion:
    return Expansion(load_grammar().rules, {})


@cache
def all_trees(rule: str, said: tuple[str, ...]) -> tuple[Node, ...]:
    """Every tree of a rule, by trying all ways to cut the words."""
    if rule == "formattedText":
        return (Node(rule, said),)
    if rule in NUMBER_RULES:
        return (Node(rule, said),) if parse_number(said) is not None else ()
    ways = _expansion().of_rule(rule)
    return tuple(Node(rule, below) for way in ways if way for below in cuts(way, said))


def cuts(way: Children, said: tuple[str, ...]) -> Iterator[tuple[Node | str, ...]]:
    if not way:
        if not said:
            yield ()
        return
    if way[0][0] != "<":
        if said[:1] == way[:1]:
            yield from ((said[0], *rest) for rest in cuts(way[1:], said[1:]))
        return
    for end in range(1, len(said) - len(way) + 2):
        for tree in all_trees(way[0][1:-1], said[:end]):
            yield from ((tree, *rest) for rest in cuts(way[1:], said[end:]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(TRICKY), min_size=1, max_size=6))
def test_finds_exactly_the_accepted_trees(said: list[str]) -> None:
    found = [parse.tree for parse in parses(said)]
    assert len(set(found)) == len(found)
    assert set(found) == set(all_trees("main", tuple(said)))
    for tree in found:
        assert words(tree) == said
        assert canonical(tree) == tree


@cache
def _grammar_words() -> frozenset[str]:
    return frozenset(load_grammar().words())


def is_ambiguous(chain: Chain) -> bool:
    """Whether the free text cannot be told from what is around it, even in principle."""
    names = {node.name for node in nodes(chain.tree)}
    texts = {
        word
        for node in nodes(chain.tree)
        if node.name == "formattedText"
        for word in node.children
        if isinstance(word, str)
    }
    return (
        # Two free texts side by side.
        "phraseSelectionPrefixPlural" in names
        # A command behind free text.
        or ("focus" in names and len(chain.tree.children[0].children) > 1)  # type: ignore[union-attr]
        # An object with two names, said the same.
        or bool({"element", "elements", "arguments", "parameters"} & set(chain.words))
        # A text with words of commands.
        or bool(texts & _grammar_words())
    )


def test_the_samplers_tree_comes_first() -> None:
    chains, _ = generate_chains(mappings(1500), RandomChoices(8))
    first = {True: [0, 0], False: [0, 0]}
    for chain in chains:
        parse = best_parse(chain.words)
        assert parse is not None
        counted = first[is_ambiguous(chain)]
        counted[0] += parse.tree == chain.tree
        counted[1] += 1
    assert first[False][0] / first[False][1] >= 0.995
    assert (first[False][0] + first[True][0]) / len(chains) >= 0.97


def test_the_samplers_tree_is_among_all() -> None:
    chains, _ = generate_chains(mappings(100), RandomChoices(8))
    for chain in chains:
        if len(chain.words) < 12:
            assert chain.tree in {parse.tree for parse in islice(parses(chain.words), 5000)}


def test_costs_rise_and_the_order_is_the_same_again() -> None:
    said = ["delete"] * 20
    once = list(islice(parses(said), 500))
    assert len(once) == 500
    costs = [parse.cost for parse in once]
    assert costs == sorted(costs)
    assert [parse.markup for parse in once] == [p.markup for p in islice(parses(said), 500)]


def test_time_does_not_explode() -> None:
    rng = random.Random(2)
    vocabulary = load_grammar().words()
    best_parse(["undo"])  # loads the grammar
    start = time.process_time()
    for _ in range(20):
        list(islice(parses(["delete", *(rng.choice(vocabulary) for _ in range(11))]), 10))
    assert (time.process_time() - start) / 20 < 0.05
    # Ways of cutting "delete delete …" double with each word; the chart does not.
    start = time.process_time()
    assert len(list(islice(parses(["delete"] * 40), 100))) == 100
    assert time.process_time() - start < 5


def test_too_long_or_no_words() -> None:
    assert best_parse(["insert", *["x"] * (MAX_WORDS - 1)]) is not None
    with pytest.raises(DataError, match="101 words"):
        best_parse(["x"] * (MAX_WORDS + 1))
    for word in ("<main>", "", "two words"):
        with pytest.raises(DataError, match="not a word"):
            best_parse(["insert", word])
