"""How commands are chained (corpusgen.md, section 5.4): each of its rates.

The expected numbers are those of the description, written again here on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import comb

import pytest

from arqon_maestro.corpusgen.grammar import Command, Node, generate_commands, parse_markup

from .chi_square import assert_agrees, assert_share, uniform

SEED = 5_400
WORD = "kwyjibo"
# 5.2.
QUANTIFIABLE = (
    "newline changeWindow close cut inspect delete goTo paste redo reload save scroll select style "
    "setTextStyle switchWindow tabs undoCloseTab undo press forward"
)
OTHER = (
    "goToSyntaxError joinLines debug edit showDictationBox dictateStart dictateStop "
    "goToDefinition languageMode pause send arrowKeyWithQuantifier bareCopy bareCut bareInspect"
)
TEXT = (
    "type comment indent sort copy changeAll change show apply autocomplete click duplicate "
    "goToPhrase run scrollPhrase focus launch add openFile rename shift surroundWith systemInsert "
    "dictate insert"
)
NOT_TEXT = [*OTHER.split(), *QUANTIFIABLE.split()]
TEXTS = TEXT.split()
# A chain of ordinary commands, and one whose last is `repeat`, which has no text tail.
ORDINARY = 1 - 0.002 - 0.198
TAIL = 0.999 * 0.5


@dataclass(frozen=True)
class Said:
    """A mapping of some words."""

    words: tuple[str, ...]


@lru_cache(maxsize=2)
def commands(mappings: int) -> list[Command]:
    return generate_commands([Said((WORD,))] * mappings, SEED)


def parts(command: Command) -> list[Node]:
    chain = parse_markup(command.markup).children[0]
    assert isinstance(chain, Node)
    return [child for child in chain.children if isinstance(child, Node)]


def name(part: Node) -> str:
    inner = part.children[0]
    return inner.name if part.name == "command" and isinstance(inner, Node) else part.name


def many() -> Iterator[list[Node]]:
    return map(parts, commands(9000))


def test_kinds_of_chains() -> None:
    kinds = Counter(
        part.name
        if (part := chain[0]).name in ("metaCommand", "unchainableCommand")
        else "ordinary"
        for chain in many()
    )
    assert_agrees(kinds, {"unchainableCommand": 0.002, "metaCommand": 0.198, "ordinary": ORDINARY})
    assert_share(kinds["metaCommand"], kinds.total(), 0.198)


def test_meta_commands() -> None:
    kinds = Counter(
        inner.name
        for chain in many()
        if chain[0].name == "metaCommand" and isinstance(inner := chain[0].children[0], Node)
    )
    assert_agrees(kinds, {"cancel": 0.5, "use": 0.5})


@pytest.mark.slow
def test_unchainable_commands() -> None:
    total = 0
    kinds: Counter[str] = Counter()
    for command in commands(110_000):
        total += 1
        if "<unchainableCommand>" in command.markup:
            inner = parts(command)[0].children[0]
            assert isinstance(inner, Node)
            kinds[inner.name] += 1
    assert_agrees(kinds, uniform(["next", "back", "tryCommand"]))
    assert_share(kinds.total(), total, 0.002, least_hits=400)


def test_lengths() -> None:
    lengths: Counter[int] = Counter()
    for chain in many():
        names = [name(part) for part in chain]
        if chain[0].name in ("metaCommand", "unchainableCommand"):
            continue
        if names[0] == "focus":
            continue  # one more command may follow
        lengths[len([part for part in names if part != "prepositionSelection"])] += 1
    # What is left out are chains of one command alone.
    focus = 0.95 * TAIL / len(TEXTS)
    assert_agrees(
        lengths,
        {1: (0.95 - focus) / (1 - focus), 2: 0.035 / (1 - focus), 3: 0.015 / (1 - focus)},
    )
    assert_share(lengths[2] + lengths[3], lengths.total(), 0.05 / (1 - focus))


def test_commands_without_text() -> None:
    """One in three is `goTo`, and one in 36 of the others; the pool is uniform."""
    kinds: Counter[str] = Counter()
    for chain in many():
        kinds.update(name(part) for part in chain if part.name == "command")
    pool = Counter({command: kinds[command] for command in NOT_TEXT})
    each = 2 / 3 / len(NOT_TEXT)
    shares = dict.fromkeys(NOT_TEXT, each) | {"goTo": 1 / 3 + each}
    assert_agrees(pool, shares)
    assert_share(pool["goTo"], pool.total(), shares["goTo"])
    assert_agrees(Counter({command: kinds[command] for command in TEXTS}), uniform(TEXTS))
    assert set(kinds) <= {*NOT_TEXT, *TEXTS}


def test_text_tails() -> None:
    tails = Counter(
        name(chain[-1]) in TEXTS
        for chain in many()
        if chain[0].name not in ("metaCommand", "unchainableCommand")
        and name(chain[0]) != "focus"
        and chain[-1].name != "prepositionSelection"
    )
    focus = 0.95 * TAIL / len(TEXTS)
    assert_share(tails[True], tails.total(), (TAIL - focus) / (1 - focus))


@pytest.mark.slow
def test_repeats_and_prepositions() -> None:
    last: Counter[str] = Counter()
    ordinary = 0
    for command in commands(110_000):
        if not command.markup.startswith(
            ("<main> <commandChain> <metaCommand>", "<main> <commandChain> <unchainableCommand>")
        ):
            ordinary += 1
            if command.markup.endswith("</repeat> </commandChain> </main>"):
                last["repeat"] += 1
            elif command.markup.endswith("</prepositionSelection> </commandChain> </main>"):
                last["preposition"] += 1
    # So rare that only a rate off by two fifths would be noticed.
    assert_share(last["repeat"], ordinary, 0.001, least_hits=150)
    assert_share(last["preposition"], ordinary, TAIL * 0.001, least_hits=75)


@pytest.mark.slow
def test_a_command_after_focus() -> None:
    lengths: Counter[int] = Counter()
    followers: Counter[bool] = Counter()
    for command in commands(110_000):
        if command.markup.startswith("<main> <commandChain> <command> <focus>"):
            chain = parts(command)
            if chain[-1].name != "prepositionSelection":
                lengths[len(chain)] += 1
                if len(chain) == 2:
                    followers[name(chain[1]) == "goTo"] += 1
    assert_share(lengths[2], lengths.total(), 0.20)
    go_to = 1 / 3 + 2 / 3 / len(NOT_TEXT)
    assert_share(followers[True], followers.total(), go_to, least_hits=200)


@pytest.mark.slow
def test_quantified_commands() -> None:
    quantified: Counter[bool] = Counter()
    for chain in many():
        for part in chain:
            if name(part) in QUANTIFIABLE.split():
                children = [child for child in part.children if isinstance(child, Node)]
                quantified[children[-1].name == "quantifier"] += 1
    assert_share(quantified[True], quantified.total(), 0.10)


# Their free text is all that is in `formattedText`, and no more than one is said.
ONE_TEXT = ("dictate", "launch", "run", "scrollPhrase", "insert", "type", "openFile")
WORDS_OF_TEXT = 10


def _name(number: int) -> str:
    """Returns a word that the grammar has not, another one for each number."""
    letters = ""
    while number:
        number, letter = divmod(number, 26)
        letters += chr(ord("a") + letter)
    return f"zq{letters}"


@pytest.mark.slow
def test_word_noise() -> None:
    """2% of the texts are other words; 1% of the rest have one word in ten replaced."""
    mappings = 60_000
    said = [Said((_name(number),) * WORDS_OF_TEXT) for number in range(mappings)]
    kept: Counter[str] = Counter()
    replaced: Counter[int] = Counter()
    for command in generate_commands(said, SEED):
        kept.update(word for word in command.transcript.split() if word.startswith("zq"))
        for rule in ONE_TEXT:
            before, tag, after = command.markup.partition(f" <{rule}> ")
            if tag and before.endswith("<commandChain> <command>"):
                text = after.partition("<formattedText> ")[2].partition(" </formattedText>")[0]
                if "zq" not in text:
                    replaced[len(text.split())] += 1
    assert_agrees(replaced, {1: 0.7, 2: 0.1, 3: 0.1, 4: 0.05, 5: 0.05})
    lost = Counter(WORDS_OF_TEXT - kept[mapping.words[0]] for mapping in said)
    shares = {
        number: 0.98 * 0.01 * comb(WORDS_OF_TEXT, number) * 0.1**number * 0.9 ** (10 - number)
        for number in range(WORDS_OF_TEXT + 1)
    }
    shares[0] += 0.98 * 0.99
    shares[WORDS_OF_TEXT] += 0.02
    assert_agrees(lost, shares)
    some = mappings - lost[0] - lost[WORDS_OF_TEXT]
    assert_share(lost[WORDS_OF_TEXT], mappings, 0.02)
    assert_share(some, mappings, 0.98 * 0.01 * (1 - 0.9**WORDS_OF_TEXT), least_hits=350)


def test_replaced_texts() -> None:
    mappings = 35_000
    said = sum(
        command.transcript.split().count(WORD)
        for command in generate_commands([Said((WORD,))] * mappings, SEED)
    )
    # One word in ten of one text in a hundred, and all of one in fifty.
    assert_share(mappings - said, mappings, 0.02 + 0.98 * 0.01 * 0.1)
