"""How one line of source is said, many times over: a file that repeats it."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from arqon_maestro.corpusgen import Mapping, generate_mappings

SEED = 20_240

# What may be said before a single word, rarely: its style, or another one's.
_STYLE = re.compile(
    r"\b(lower case|lowercase|snake case|snake|underscores|camel case|camelcase|camel)"
    r" (?=\w)"
)


@lru_cache(maxsize=4)
def mappings_of_lines(line: str, language: str, number: int) -> list[list[Mapping]]:
    """Returns the insert mappings of a file that is `line`, `number` times, for each line."""
    found: list[list[Mapping]] = [[] for _ in range(number + 1)]
    width = len(line) + 1
    for mapping in generate_mappings(f"{line}\n" * number, language, SEED, add=False):
        found[mapping.start // width].append(mapping)
    return found[:number]


def first_mappings(line: str, language: str, number: int) -> list[Mapping]:
    """Returns the first mapping of each line; where none starts with it, the line is left out."""
    width = len(line) + 1
    return [
        mappings[0]
        for mappings in mappings_of_lines(line, language, number)
        if mappings and mappings[0].start % width == 0
    ]


def whole_lines(line: str, language: str, number: int) -> Counter[str]:
    """Counts what is said for the whole line at once.

    That generation did not stop on the way is independent of everything else, but for the number
    of times that it could have.
    """
    return Counter(
        " ".join(mapping.words)
        for mapping in first_mappings(line, language, number)
        if mapping.stop - mapping.start == len(line)
    )


def without_styles(said: Counter[str]) -> Counter[str]:
    """Takes the names of styles out of what was said."""
    plain: Counter[str] = Counter()
    for text, number in said.items():
        plain[_STYLE.sub("", text)] += number
    return plain


def hits(said: Counter[str], *words: str) -> int:
    """Returns how often one of the words was among what was said."""
    wanted = set(words)
    return sum(number for text, number in said.items() if not wanted.isdisjoint(text.split()))
