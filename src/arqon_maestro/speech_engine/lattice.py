"""Word lattices, and pocketsphinx's text format of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.lexicon.formats import from_pocketsphinx

#: What pocketsphinx calls silence; a pause costs nothing by itself.
SILENCES = frozenset({"<sil>"})
#: Names that start so are noises; ``<s>`` in the middle of an utterance is a search artefact.
_NOISE_START = "["
SENTENCE_START, SENTENCE_END = "<s>", "</s>"
#: pocketsphinx's scores are logarithms to this base (its ``-logbase``).
LOG_BASE = 1.0001


@dataclass(frozen=True)
class Node:
    """A word hypothesis that starts at one frame.

    Attributes:
        word: as in the language model; empty for silence and noise.
        start_frame: first frame; pocketsphinx's take 10 ms each.
        noise: whether it stands for a noise rather than for silence or a word.
        level: of nodes that start at the same frame, those with a higher level may come after
            those with a lower one.
        spoken: what is written for the word, where the language model knows it by its class.
    """

    word: str
    start_frame: int
    noise: bool = False
    level: int = 0
    spoken: str = ""


@dataclass(frozen=True)
class Edge:
    """From one word to the next.

    Attributes:
        source: index of the node that ends here.
        target: index of the node that starts here.
        acoustic_log_probability: natural log, of the source's word up to this point, relative to
            the best sound of each frame.
    """

    source: int
    target: int
    acoustic_log_probability: float


@dataclass(frozen=True)
class Lattice:
    """A directed acyclic graph of words; every edge goes from a lower index to a higher one.

    Attributes:
        nodes: sorted by time; the first is the start of the sentence, the last its end.
        incoming: edges into each node.
        frames: length of the utterance in frames.
    """

    nodes: tuple[Node, ...]
    incoming: tuple[tuple[Edge, ...], ...]
    frames: int


def read_lattice(lines: Iterable[str], where: object = None) -> Lattice:
    """Parses the text that ``pocketsphinx.Lattice.write`` makes.

    Nodes that are not on a path from the start to the end are left out.

    Raises:
        DataError: it is not such a text.
    """
    names: dict[int, tuple[str, int]] = {}
    links: list[tuple[int, int, float]] = []
    frames = 0
    initial = final = -1
    section = ""
    nats_per_unit = math.log(LOG_BASE)
    try:
        for line in lines:
            fields = line.split()
            if not fields or fields[0] == "#":
                continue
            if fields[0] in ("Nodes", "Edges", "End", "BestSegAscr"):
                section = fields[0]
            elif fields[0] == "Frames":
                frames = int(fields[1])
            elif fields[0] == "Initial":
                initial = int(fields[1])
            elif fields[0] == "Final":
                final = int(fields[1])
            elif section == "Nodes":
                names[int(fields[0])] = (fields[1], int(fields[2]))
            elif section == "Edges":
                score = int(fields[2]) * nats_per_unit
                links.append((int(fields[0]), int(fields[1]), score))
    except (ValueError, IndexError) as error:
        raise DataError("not a lattice", where=where, why=str(error)) from None
    if section != "End" or initial not in names or final not in names:
        raise DataError("not a whole lattice", where=where)
    return _sorted(names, links, initial, final, frames)


def _sorted(
    names: dict[int, tuple[str, int]],
    links: list[tuple[int, int, float]],
    initial: int,
    final: int,
    frames: int,
) -> Lattice:
    usable = {number for number, (name, _) in names.items() if name != SENTENCE_START} | {initial}
    links = [
        (source, target, score)
        for source, target, score in links
        if source in usable and target in usable and source != final and target != initial
    ]
    ahead: dict[int, list[int]] = {}
    behind: dict[int, list[int]] = {}
    for source, target, _ in links:
        ahead.setdefault(source, []).append(target)
        behind.setdefault(target, []).append(source)
    kept = _reachable(initial, ahead) & _reachable(final, behind)
    order = sorted(
        kept, key=lambda number: (number != initial, number == final, names[number][1], number)
    )
    index = {number: position for position, number in enumerate(order)}
    nodes = tuple(_node(*names[number]) for number in order)
    incoming: list[list[Edge]] = [[] for _ in order]
    for source, target, score in sorted(links):
        if source in index and target in index:
            if index[source] >= index[target]:
                raise DataError("a lattice with an edge back in time")
            incoming[index[target]].append(Edge(index[source], index[target], score))
    return Lattice(nodes, tuple(tuple(edges) for edges in incoming), frames)


def _node(name: str, start_frame: int) -> Node:
    if name in (SENTENCE_START, SENTENCE_END):
        return Node(name, start_frame)
    noise = name.startswith(_NOISE_START)
    word = "" if noise or name in SILENCES else from_pocketsphinx(name)
    return Node(word, start_frame, noise)


def _reachable(start: int, steps: dict[int, list[int]]) -> set[int]:
    seen = {start}
    stack = [start]
    while stack:
        for number in steps.get(stack.pop(), ()):
            if number not in seen:
                seen.add(number)
                stack.append(number)
    return seen
