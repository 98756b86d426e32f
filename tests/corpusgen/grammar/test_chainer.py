"""Chains of commands: always accepted, at the rates of the tables, and counted."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.grammar import (
    Chain,
    ChainCounts,
    Node,
    accept_parse,
    canonical,
    generate_chains,
    generate_commands,
    words,
)
from arqon_maestro.corpusgen.grammar.chainer import NOT_WORDS, TOO_LONG
from arqon_maestro.corpusgen.grammar.chaining import parse_chaining
from arqon_maestro.corpusgen.grammar.rules import load_grammar
from arqon_maestro.errors import DataError

# No words of the grammar, so that they are found again in the markup.
VOCABULARY = ("alpha", "bravo", "user", "widget", "banana", "index", "buffer", "baz")


@dataclass(frozen=True)
class Said:
    words: tuple[str, ...]


def mappings(number: int) -> list[Said]:
    rng = random.Random(5)
    return [
        Said(tuple(rng.choice(VOCABULARY) for _ in range(rng.randint(1, 7)))) for _ in range(number)
    ]


def make(number: int, seed: int = 1) -> tuple[list[Chain], ChainCounts]:
    return generate_chains(mappings(number), RandomChoices(seed))


@pytest.fixture(scope="module")
def many() -> tuple[list[Chain], ChainCounts]:
    return make(6000, seed=4)


def names(chain: Chain) -> list[str]:
    top = chain.tree.children[0]
    assert isinstance(top, Node)
    found = []
    for child in top.children:
        assert isinstance(child, Node)
        inner = child.children[0]
        is_command = child.name == "command" and isinstance(inner, Node)
        found.append(inner.name if is_command and isinstance(inner, Node) else child.name)
    return found


def assert_sound(chain: Chain) -> None:
    assert canonical(chain.tree) == chain.tree
    assert list(chain.words) == words(chain.tree)
    assert accept_parse(chain.words, " ".join(chain.tokens)) == chain.tree
    assert len(chain.tokens) < 100


def test_chains_are_sound(many: tuple[list[Chain], ChainCounts]) -> None:
    chains, counts = many
    assert counts.chains == len(chains) > 10_000
    assert counts.mappings_used == counts.mappings == 6000
    for chain in chains[:5000]:
        assert_sound(chain)


@pytest.mark.slow
def test_a_hundred_thousand_chains_are_sound() -> None:
    chains, _ = make(45_000, seed=2)
    assert len(chains) > 100_000
    for chain in chains:
        assert_sound(chain)


def test_rates_of_chains(many: tuple[list[Chain], ChainCounts]) -> None:
    chains, counts = many
    assert not counts.resampled_oversize > len(chains) / 1000
    total = len(chains)
    kinds = Counter(names(chain)[0] for chain in chains)
    lengths = Counter(
        len(names(chain))
        for chain in chains
        if not {"metaCommand", "unchainableCommand"} & set(names(chain))
    )
    ordinary = lengths.total()
    assert kinds["metaCommand"] / total == pytest.approx(0.198, abs=0.01)
    assert 0 < kinds["unchainableCommand"] < total * 0.005
    assert lengths[1] / ordinary == pytest.approx(0.95, abs=0.01)
    assert lengths[2] / ordinary == pytest.approx(0.035 + 0.5 / 25 * 0.2, abs=0.006)
    assert lengths[3] / ordinary == pytest.approx(0.015, abs=0.005)
    # Half of the ordinary chains have no text tail: a third of those go somewhere, and one in 36.
    assert kinds["goTo"] / ordinary == pytest.approx(0.5 * (1 / 3 + 2 / 3 / 36), abs=0.03)
    tails = Counter(names(chain)[-1] for chain in chains)
    assert tails["insert"] / ordinary == pytest.approx(0.5 / 25, abs=0.005)
    starting = sum(chain.starts_with_command for chain in chains)
    assert starting / total == pytest.approx(0.8, abs=0.02)


def test_rare_tails_appear(many: tuple[list[Chain], ChainCounts]) -> None:
    last = Counter(names(chain)[-1] for chain in many[0])
    assert last["repeat"] > 0
    assert last["prepositionSelection"] > 0


def test_quantified_share(many: tuple[list[Chain], ChainCounts]) -> None:
    quantified: Counter[bool] = Counter()
    for chain in many[0]:
        top = chain.tree.children[0]
        assert isinstance(top, Node)
        for command in top.children:
            if isinstance(command, Node) and command.name == "command":
                rules = [child.name for child in command.children if isinstance(child, Node)]
                if rules[0] in ("undo", "paste", "delete", "goTo", "press"):
                    quantified[rules[-1] == "quantifier"] += 1
    assert quantified[True] / quantified.total() == pytest.approx(0.1, abs=0.015)


def test_mappings_are_used_from_the_end_and_in_order() -> None:
    said = [Said((f"w{letter}",)) for letter in "abcdefghijklmnopqrstuvwxyz" * 20]
    expected = [mapping.words[0] for mapping in reversed(said)]
    chains, _ = generate_chains(said, RandomChoices(9))
    found = [word for chain in chains for word in chain.words if word in set(expected)]
    # Noise replaces a few; what is left is in order.
    assert len(found) > 0.9 * len(expected)
    rest = iter(expected)
    assert all(word in rest for word in found)


def test_word_noise_rates() -> None:
    chains, counts = generate_chains([Said(("kwyjibo",))] * 3000, RandomChoices(3))
    kept = sum(word == "kwyjibo" for chain in chains for word in chain.words)
    # 2% replaced, and 1% of the rest with one word in ten.
    assert kept / counts.mappings_used == pytest.approx(0.98 * 0.999, abs=0.005)


def test_shuffling_is_optional_and_seeded() -> None:
    said = mappings(50)
    before = list(said)
    assert generate_commands(said, 3) == generate_commands(said, 3)
    assert generate_commands(said, 3, shuffle=True) == generate_commands(said, 3, shuffle=True)
    assert generate_commands(said, 3) != generate_commands(said, 4)
    assert generate_commands(said, 3) != generate_commands(said, 3, shuffle=True)
    assert said == before


def test_command_is_transcript_and_markup() -> None:
    command = generate_commands(mappings(3), 1)[0]
    assert accept_parse(command.transcript.split(), command.markup) is not None


def test_no_mappings_no_chains() -> None:
    assert generate_chains([], RandomChoices(0)) == ([], ChainCounts())


def test_what_cannot_be_said_is_counted() -> None:
    said = [Said(()), Said(("a b",)), Said(("",)), Said(("<main>",)), Said(("x",) * 89)]
    chains, counts = generate_chains(said, RandomChoices(0))
    assert chains == []
    assert counts.mappings == 5
    assert counts.rejects == {NOT_WORDS: 4, TOO_LONG: 1}


def test_long_texts_cost_no_other_mappings() -> None:
    said = [*mappings(100), *(Said(("x",) * length) for length in (88, 60, 80) * 9)]
    chains, counts = generate_chains(said, RandomChoices(6))
    assert counts.resampled_oversize > 0
    assert counts.mappings_used + counts.rejects.get(TOO_LONG, 0) == 127
    assert counts.mappings_used >= 100
    for chain in chains:
        assert_sound(chain)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.text("ab'<>. é5", max_size=4), max_size=5).map(tuple).map(Said)),
    st.integers(0, 1000),
)
def test_any_words_give_sound_chains(said: list[Said], seed: int) -> None:
    chains, counts = generate_chains(said, RandomChoices(seed))
    assert counts.mappings_used + sum(counts.rejects.values()) == len(said)
    for chain in chains:
        assert_sound(chain)


CHAINING = """
unchainable: 0.1
meta: 0.1
lengths: {1: 1.0}
text_tail: 0.5
preposition: 0.0
repeat: 0.0
go_to: 0.3
after_focus: 0.2
quantified: 0.1
replaced: 0.0
replacement_lengths: {1: 1.0}
spotted: 0.0
spot: 0.0
markup_tokens: 100
attempts: 5
meta_commands: [cancel]
unchainable_commands: [next]
quantifiable: [undo]
text: [insert]
other: [send]
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("meta: 0.1", "meta: 1.5", "meta"),
        ("meta: 0.1", "meta: 0.95", "more than all"),
        ("meta: 0.1", "", "meta"),
        ("meta: 0.1", "meta: 0.1\nmetta: 1", "metta"),
        ("lengths: {1: 1.0}", "lengths: {1: 0.9}", "the shares of lengths sum to 0.9"),
        ("[undo]", "[undoo]", "no rule 'undoo'.*such as undo,"),
        ("[undo]", "[undo, insert]", "'insert' is listed twice"),
        ("[undo]", "[undo", "chaining.yaml"),
    ],
)
def test_wrong_rates_are_errors(old: str, new: str, message: str) -> None:
    rules = load_grammar().rules
    assert parse_chaining(CHAINING, rules).without_text == ("send", "undo")
    with pytest.raises(DataError, match=message):
        parse_chaining(CHAINING.replace(old, new, 1), rules)
