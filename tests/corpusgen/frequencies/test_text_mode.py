"""Fillers, bare lines and alternative words of text mode (corpusgen.md, section 6.2).

The expected numbers are those of the description, written again here on purpose.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import pytest

from arqon_maestro.corpusgen.modes import mapping_lines, text_lines

from .chi_square import assert_agrees, assert_share, uniform

FILLERS = ("um", "uh")
# Said before a word now and then.
STYLE_WORDS = ("lower", "case", "lowercase", "snake", "underscores", "camel", "camelcase")
ALTERNATIVE = 1 / 40
WAKE = 1 / 2000
LONG_WORD = "zyxwvutsrqp"  # ten letters or more are never spelled
LINES = 200


@lru_cache(maxsize=4)
def spoken(line: str, files: int) -> list[list[str]]:
    """Returns the words of all lines that files of one repeated line give."""
    source = f"{line}\n" * LINES
    return [
        text.split()
        for number in range(files)
        for text in text_lines(source, f"{number}.md", "default", seed=20_240).lines
    ]


def test_what_becomes_of_a_mapping() -> None:
    """5% a lone filler, 2.5% bare text, else free text of a command."""
    files = 130
    found: Counter[str] = Counter()
    for words in spoken(LONG_WORD, files):
        if words in (["um"], ["uh"]):
            found[words[0]] += 1
        elif words[-1] == LONG_WORD and set(words[:-1]) <= {*FILLERS, *STYLE_WORDS}:
            found["bare"] += 1
    total = files * LINES
    found["command"] = total - found.total()
    assert_share(found["um"] + found["uh"], total, 0.05)
    assert_share(found["bare"], total, 0.025)
    shares = uniform(FILLERS, 0.05) | {"bare": 0.025, "command": 0.925}
    assert_agrees(found, shares)


def test_fillers_before_commands() -> None:
    """5% of the chains that begin with an ordinary command, which are four in five."""
    chains = [
        words
        for words in spoken(LONG_WORD, 130)
        if len(words) > 1 and not (words[-1] == LONG_WORD and set(words[:-1]) <= set(FILLERS))
    ]
    # Chains of one word, "cancel" or "undo", are told from bare text, but not from fillers alone.
    single = [words for words in spoken(LONG_WORD, 130) if len(words) == 1]
    commands = len(chains) + sum(w[0] not in (*FILLERS, LONG_WORD) for w in single)
    prefixed = sum(words[0] in FILLERS for words in chains)
    assert_share(prefixed, commands, 0.05 * (1 - 0.002 - 0.198))


@pytest.mark.slow
def test_fillers_between_units() -> None:
    """0.5% before each unit."""
    line = " ".join([LONG_WORD] * 12)
    fillers = units = 0
    for words in spoken(line, 70):
        # A blank is a unit too, and there is one between two words, and maybe at an end.
        said = words.count(LONG_WORD)
        if said > 1:
            first, last = words.index(LONG_WORD), len(words) - words[::-1].index(LONG_WORD)
            fillers += sum(word in FILLERS for word in words[first:last])
            units += 2 * (said - 1)
    assert_share(fillers, fillers + units, 0.005)


@pytest.mark.slow
def test_alternative_words() -> None:
    """1 in 40 short words: half spelled, half random letters; 1 in 2000 others the wake word."""
    word = "quux"
    kinds: Counter[str] = Counter()
    lengths: Counter[int] = Counter()
    line = "+".join([word] * 30)  # "plus" keeps the letters of neighbours apart
    for words in spoken(line, 40):
        kinds[word] += words.count(word)
        kinds["wake"] += words.count("maestro")
        letters: list[str] = []
        for said in [*words, ""]:
            if said.endswith("(spell)") and len(said) == len("a(spell)"):
                letters.append(said[0])
            elif letters:
                if "".join(letters) == word:
                    kinds["spelled"] += 1
                else:
                    kinds["random"] += 1
                    lengths[len(letters)] += 1
                letters = []
    wake = (1 - ALTERNATIVE) * WAKE
    shares = {word: 1 - ALTERNATIVE - wake, "wake": wake}
    shares |= uniform(["spelled", "random"], ALTERNATIVE)
    assert_agrees(kinds, shares)
    assert_share(kinds["spelled"], kinds.total(), ALTERNATIVE / 2)
    # Now and then the symbol between two spelled words is unsaid.
    assert sum(number for length, number in lengths.items() if length > 10) < 10
    assert_agrees(
        Counter({length: lengths[length] for length in range(1, 11)}), uniform(range(1, 11))
    )


@pytest.mark.slow
def test_acronyms() -> None:
    """60% are said as a spelled word, 30% letter by letter."""
    kinds: Counter[str] = Counter()
    for words in spoken(" ".join(["url"] * 30), 10):
        kinds["url"] += words.count("url")
        kinds["as one"] += words.count("url(spell)")
        text = " ".join(words)
        kinds["letters"] += text.count("u(spell) r(spell) l(spell)")
    left = 1 - ALTERNATIVE - (1 - ALTERNATIVE) * WAKE
    shares = {"url": left * 0.1, "as one": left * 0.6, "letters": left * 0.3 + ALTERNATIVE / 2}
    total = sum(shares.values())
    assert_agrees(kinds, {kind: share / total for kind, share in shares.items()})


def test_other_modes_have_none_of_it() -> None:
    for model in ("auto-style", "contextual-language-model", "transcript-parser"):
        lines = mapping_lines("quux url\n" * 3000, "a.md", "default", model).lines
        words = {word for source, target in lines for word in f"{source} {target}".split()}
        assert not words & {*FILLERS, "maestro"}
        assert not any("(spell)" in word for word in words)
