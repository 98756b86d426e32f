"""The indentation of a source: one level of it, and that of a line."""

from __future__ import annotations

from collections import Counter

from arqon_maestro.languages import Language


def line_indentation(source: str, offset: int) -> str:
    """Returns the blanks and tabs that the line of `offset` starts with."""
    start = source.rfind("\n", 0, offset) + 1
    stop = source.find("\n", offset)
    line = source[start:] if stop < 0 else source[start:stop]
    return line[: len(line) - len(line.lstrip(" \t"))]


def indentation_unit(source: str, language: Language) -> str:
    """Returns one level of indentation as the source has it, or else the language's.

    The commonest step from one line to the next, deeper one; of equally common ones the smaller.
    """
    steps: Counter[str] = Counter()
    before = ""
    for line in source.split("\n"):
        text = line.lstrip(" \t")
        if not text:
            continue
        blanks = line[: len(line) - len(text)]
        # One blank is no level: it aligns the lines of a comment (" * ").
        if blanks.startswith(before) and (step := blanks[len(before) :]) and step != " ":
            steps[step] += 1
        before = blanks
    if not steps:
        return language.indentation
    return min(steps, key=lambda step: (-steps[step], len(step)))
