"""The context-dependency tree: which pdf a phone has in its context.

Source: Kaldi's ``tree/event-map`` and ``tree/context-dep``. An event map answers questions about
keys: -1 is the pdf class, 0 to N-1 are the phones of the window, of which P is the central one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.kaldi.io import KaldiReader, KaldiWriter
from arqon_maestro.speech_engine.kaldi.topology import NO_PDF, HmmTopology

PDF_CLASS_KEY = -1
#: Trees deeper than this are not read; real ones have tens of levels.
_DEEPEST = 400


@dataclass(frozen=True)
class Constant:
    """A leaf: always this pdf."""

    answer: int


@dataclass(frozen=True)
class Table:
    """One map for each value of a key; None where there is none."""

    key: int
    maps: tuple[EventMap | None, ...]


@dataclass(frozen=True)
class Split:
    """One map for the values in a set, another for all others."""

    key: int
    yes_set: frozenset[int]
    yes: EventMap
    no: EventMap


EventMap = Constant | Table | Split


@dataclass(frozen=True)
class ContextDependency:
    """A tree.

    Attributes:
        width: N, phones in the window.
        central: P, position of the phone itself; the phones before it are left context.
        to_pdf: (window, pdf class) → pdf.
    """

    width: int
    central: int
    to_pdf: EventMap

    def pdf(self, window: Sequence[int], pdf_class: int) -> int | None:
        """Returns the pdf of a phone in its window, `(width,)`, None if the tree has none.

        A phone of 0 stands for no phone, at the ends of an utterance.
        """
        node: EventMap | None = self.to_pdf
        while not isinstance(node, Constant):
            if node is None:
                return None
            value = pdf_class if node.key == PDF_CLASS_KEY else window[node.key]
            if isinstance(node, Split):
                node = node.yes if value in node.yes_set else node.no
            else:
                node = node.maps[value] if 0 <= value < len(node.maps) else None
        return node.answer

    def pdfs(self, known: Mapping[int, int]) -> set[int]:
        """Returns all pdfs that are possible where only some keys are known."""
        found: set[int] = set()
        stack: list[EventMap | None] = [self.to_pdf]
        while stack:
            node = stack.pop()
            if node is None:
                continue
            if isinstance(node, Constant):
                found.add(node.answer)
            elif node.key not in known:
                stack += node.maps if isinstance(node, Table) else (node.yes, node.no)
            elif isinstance(node, Split):
                stack.append(node.yes if known[node.key] in node.yes_set else node.no)
            elif 0 <= known[node.key] < len(node.maps):
                stack.append(node.maps[known[node.key]])
        return found

    @cached_property
    def num_pdfs(self) -> int:
        """One more than the highest pdf."""
        return 1 + max(self.pdfs({}))

    def pdf_pairs(
        self, phones: Sequence[int], phone: int, forward_class: int, self_loop_class: int
    ) -> set[tuple[int, int]]:
        """Returns the (forward pdf, self-loop pdf) of a state in all its contexts.

        Args:
            phones: all phones, as context.
            phone: the central one.
            forward_class: pdf class of the state's transitions.
            self_loop_class: pdf class of its self-loop, `NO_PDF` for none.
        """
        pairs: set[tuple[int, int]] = set()
        windows = [{self.central: phone}]
        while windows:
            known = windows.pop()
            forward = self.pdfs({**known, PDF_CLASS_KEY: forward_class})
            if self_loop_class == NO_PDF:
                pairs.update((pdf, NO_PDF) for pdf in forward)
                continue
            loop = self.pdfs({**known, PDF_CLASS_KEY: self_loop_class})
            if len(forward) <= 1 or len(loop) <= 1 or len(known) == self.width:
                pairs.update((a, b) for a in forward for b in loop)
                continue
            # Which goes with which is only known with more of the context: the nearest first.
            unknown = [key for key in range(self.width) if key not in known]
            key = min(unknown, key=lambda position: abs(self.central - position))
            windows += [{**known, key: value} for value in (0, *phones)]
        return pairs

    @classmethod
    def read(cls, reader: KaldiReader) -> ContextDependency:
        """Reads ``ContextDependency … EndContextDependency`` in binary form."""
        reader.expect("ContextDependency")
        width, central = reader.int32(), reader.int32()
        if not 0 <= central < width:
            reader.fail(f"a tree with central position {central} in a window of {width}")
        if reader.peek() == "ToLength":  # Written by old versions.
            reader.token()
            _read_map(reader, 0)
        reader.expect("ToPdf")
        to_pdf = _read_map(reader, 0)
        if to_pdf is None:
            reader.fail("an empty tree")
        reader.expect("EndContextDependency")
        return cls(width, central, to_pdf)

    def write(self, writer: KaldiWriter) -> None:
        """Writes ``ContextDependency … EndContextDependency`` in binary form."""
        writer.token("ContextDependency")
        writer.int32(self.width)
        writer.int32(self.central)
        writer.token("ToPdf")
        _write_map(writer, self.to_pdf)
        writer.token("EndContextDependency")


def read_tree(path: Path) -> ContextDependency:
    """Reads a model's ``tree``.

    Raises:
        MissingPartError: there is no such file.
        DataError: it is no tree, or is truncated.
    """
    return ContextDependency.read(KaldiReader.open(path))


def write_tree(path: Path, tree: ContextDependency) -> None:
    """Writes a model's ``tree``."""
    writer = KaldiWriter()
    tree.write(writer)
    with atomic_binary(path) as stream:
        stream.write(bytes(writer))


def _read_map(reader: KaldiReader, depth: int) -> EventMap | None:
    if depth > _DEEPEST:
        reader.fail(f"a tree with more than {_DEEPEST} levels")
    kind = reader.token()
    if kind == "NULL":
        return None
    if kind == "CE":
        return Constant(reader.int32())
    if kind == "TE":
        key, size = reader.int32(), reader.uint32()
        reader.expect("(")
        if size > len(reader.data):
            reader.fail("a truncated file", why=f"a table of {size} maps")
        table = Table(key, tuple(_read_map(reader, depth + 1) for _ in range(size)))
        reader.expect(")")
        return table
    if kind != "SE":
        reader.fail(f"{kind!r} where part of a tree was expected")
    key = reader.int32()
    yes_set = frozenset(int(value) for value in reader.int_vector())
    reader.expect("{")
    yes, no = _read_map(reader, depth + 1), _read_map(reader, depth + 1)
    reader.expect("}")
    if yes is None or no is None:
        reader.fail("a question without answer")
    return Split(key, yes_set, yes, no)


def _write_map(writer: KaldiWriter, node: EventMap | None) -> None:
    if node is None:
        writer.token("NULL")
    elif isinstance(node, Constant):
        writer.token("CE")
        writer.int32(node.answer)
    elif isinstance(node, Table):
        writer.token("TE")
        writer.int32(node.key)
        writer.uint32(len(node.maps))
        writer.token("(")
        for entry in node.maps:
            _write_map(writer, entry)
        writer.token(")")
    else:
        writer.token("SE")
        writer.int32(node.key)
        writer.int_vector(sorted(node.yes_set))
        writer.token("{")
        _write_map(writer, node.yes)
        _write_map(writer, node.no)
        writer.token("}")


def table(key: int, maps: Mapping[int, EventMap]) -> Table:
    """Returns a table of these values of a key."""
    return Table(key, tuple(maps.get(value) for value in range(max(maps) + 1)))


def untied_tree(
    topology: HmmTopology,
    *,
    width: int = 1,
    central: int = 0,
    sharing: Iterable[Sequence[int]] | None = None,
) -> ContextDependency:
    """Returns a tree that asks for the central phone and the pdf class only: monophones.

    Args:
        topology: of the phones; each of its pdf classes becomes a pdf.
        width: N; above 1 the context has no effect, but a graph for a biphone model fits it.
        central: P.
        sharing: sets of phones that have their pdfs in common [default: each for itself].

    Raises:
        DataError: phones that share pdfs and have another number of pdf classes.
    """
    sets = [tuple(s) for s in sharing] if sharing is not None else [(p,) for p in topology.phones]
    by_phone: dict[int, EventMap] = {}
    pdf = 0
    for phones in sets:
        counts = {topology.pdf_classes(phone) for phone in phones}
        if len(counts) != 1:
            raise DataError("phones that share pdfs, but not their topology", why=str(phones))
        count = counts.pop()
        node = table(PDF_CLASS_KEY, {c: Constant(pdf + c) for c in range(count)})
        pdf += count
        by_phone |= dict.fromkeys(phones, node)
    missing = set(topology.phones) - set(by_phone)
    if missing:
        raise DataError("phones without pdf", why=", ".join(map(str, sorted(missing))))
    return ContextDependency(width, central, table(central, by_phone))
