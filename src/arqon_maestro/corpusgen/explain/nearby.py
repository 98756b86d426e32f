"""The likeliest ways to say what is at a place in a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from arqon_maestro import languages
from arqon_maestro.corpusgen.explain.generator import LedGenerator, Wanted
from arqon_maestro.corpusgen.explain.places import AddPlace, AddPlaces, InsertPlace, Saying
from arqon_maestro.corpusgen.explain.search import Guide, explore
from arqon_maestro.corpusgen.tokens import LINE_BREAKS, token_stream
from arqon_maestro.errors import UsageError
from arqon_maestro.languages import Language

# Ways to say one place that are looked at; what they leave is in `unexplored`.
_MOST_RUNS = 300
# Of all runs of one place together, so that a long one ends in seconds too.
_MOST_UNITS = 60_000
# A mapping is rarely as long.
_LONGEST_INSERT = 200  # units
# The innermost nodes around the place.
_MOST_NODES = 8


@dataclass(frozen=True, slots=True)
class Ranked:
    """A way to say what is at a place.

    Attributes:
        saying: the words and their target.
        probability: chance of both, given that the place is said, at least.
        unexplored: chance of the ways to say the place that were not looked at.
    """

    saying: Saying
    probability: float
    unexplored: float


def sayings_at(source: str, language: str | Language, offset: int, count: int = 10) -> list[Ranked]:
    """Returns the likeliest ways to say what is at an offset.

    These are inserts that start with the unit there, as far as they get, and add mappings of the
    innermost nodes around it.

    Args:
        source: the text; it is normalised first.
        language: its language, or the language's name.
        offset: in characters of the normalised source.
        count: the most ways for the insert, and for each node.

    Returns:
        The insert's first, then those of each node from the innermost on; the likeliest first.

    Raises:
        UsageError: there is no such language, or the offset is not in the source.
        MissingPartError: the language's grammar is not installed.
    """
    if isinstance(language, str):
        language = languages.get(language)
    stream = token_stream(source)
    if not 0 <= offset < len(stream.source):
        raise UsageError(
            "no such offset",
            where=offset,
            why=f"the text has {len(stream.source)} characters",
        )
    snippets = AddPlaces.of(stream, language)
    start = stream.index_at(offset)
    if stream.shape[start] in LINE_BREAKS:
        start += 1
    places: list[InsertPlace | AddPlace] = [
        InsertPlace(start, min(len(stream), start + _LONGEST_INSERT))
    ]
    if snippets is not None:
        places += snippets.around(offset)[:_MOST_NODES]
    guide = Guide(stops=True)
    generator = LedGenerator(stream, language, guide, Wanted(()), snippets)
    return [ranked for place in places for ranked in _ranked(place, generator, guide, count)]


def _ranked(
    place: InsertPlace | AddPlace, generator: LedGenerator, guide: Guide, count: int
) -> Iterator[Ranked]:
    most_runs = min(_MOST_RUNS, 1 + _MOST_UNITS // (1 + place.size))
    found = explore(lambda: place.say(generator), guide, most_runs=most_runs, tolerance=0.0)
    chances = found.grouped().chances
    best = sorted(chances, key=lambda chance: (-chance[1], chance[0].words))
    for saying, probability in best[:count]:
        yield Ranked(saying, probability, found.unexplored)
