"""Goes through a file and says all of it: the insert driver (corpusgen.md, section 3.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.spoken.words import plural_suffix
from arqon_maestro.corpusgen.tokens import CAPS, LETTER, LINE_BREAKS, WORDS, TokenStream

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
    shape, split_plural = stream.shape, generator.rates.split_plural
    say, draw_sampler = generator.say, generator.draw_sampler
    until_split = choices.wait(split_plural)
    waiting = [(0, len(stream))]
    while waiting:
        start, stop = waiting.pop()
        while start < stop:
            suffix = ""
            if start and shape[start - 1] in WORDS:
                until_split -= 1
                if not until_split:
                    until_split = choices.wait(split_plural)
                    if choices.happens(split_plural):
                        suffix = plural_suffix(stream.text[start - 1])
            if shape[start] not in LINE_BREAKS:
                said = say(start, stop, True, draw_sampler(), False, 0)
                waiting += reversed(said.remaining)
                if suffix:
                    yield _with_suffix(suffix, said.words, said.output, start, said.stop, stream)
                elif said.words:
                    yield InsertDraft(said.words, said.output, start, said.stop)
                elif said.output and rejects is not None:
                    rejects[NOTHING_SAID] += 1
                break
            if suffix:
                yield _with_suffix(suffix, [], [], start, start, stream)
            start += 1


def _with_suffix(
    suffix: str, words: list[str], output: list[str], start: int, stop: int, stream: TokenStream
) -> InsertDraft:
    """Returns a mapping that starts with the plural ending of the word before it."""
    before, shape = stream.printed[start - 1], stream.shape[start - 1]
    printed = f"A {suffix}" if shape in CAPS + LETTER else suffix
    stem = before.removesuffix(suffix)
    return InsertDraft([suffix, *words], [printed, *output], start, stop, stem, suffix)
