"""Goes through a file and says all of it: the insert driver (corpusgen.md, section 3.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.spoken.words import plural_suffix
from arqon_maestro.corpusgen.tokens import CAPS, LETTER, LINE_BREAKS, WORDS

NOTHING_SAID = "mapping: nothing is said"


class InsertDraft(NamedTuple):
    """An insert mapping before its contexts are drawn.

    Attributes:
        words: spoken words, one each.
        output: printed units of the target.
        start: index of the first unit said.
        stop: index after the last one said; closers of enclosures that ended early apart.
        stem: printed form of the unit before `start` without its plural ending, if the mapping
            starts with that ending; else empty.
        suffix: the plural ending; else empty.
    """

    words: list[str]
    output: list[str]
    start: int
    stop: int
    stem: str = ""
    suffix: str = ""


def insert_drafts(
    generator: InsertGenerator, rejects: Counter[str] | None = None
) -> Iterator[InsertDraft]:
    """Yields insert mappings until the whole file is said.

    Line breaks are in no mapping; what one mapping leaves unsaid is in a later one.

    Args:
        generator: says ranges of the file.
        rejects: counts the mappings that have no words.
    """
    stream, choices = generator.stream, generator.choices
    shape = stream.shape
    waiting = [(0, len(stream))]
    while waiting:
        start, stop = waiting.pop()
        if start >= stop:
            continue
        stem = suffix = printed_suffix = ""
        if start > 0 and shape[start - 1] in WORDS and choices.flip(generator.rates.split_plural):
            suffix = plural_suffix(stream.text[start - 1])
            if suffix:
                printed = stream.printed[start - 1]
                stem = printed.removesuffix(suffix)
                printed_suffix = f"A {suffix}" if shape[start - 1] in CAPS + LETTER else suffix
        if shape[start] in LINE_BREAKS:
            if suffix:
                yield InsertDraft([suffix], [printed_suffix], start, start, stem, suffix)
            waiting.append((start + 1, stop))
            continue
        said = generator.generate(start, stop)
        waiting.extend(reversed(said.remaining))
        if not said.output and not suffix:
            continue
        if not said.words and not suffix:
            if rejects is not None:
                rejects[NOTHING_SAID] += 1
            continue
        if suffix:
            said.words.insert(0, suffix)
            said.output.insert(0, printed_suffix)
        yield InsertDraft(said.words, said.output, start, said.stop, stem, suffix)
