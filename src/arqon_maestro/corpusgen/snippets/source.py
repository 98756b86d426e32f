"""The syntax tree of one file as the insert generator sees it: add mappings, snippets in text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arqon_maestro.corpusgen.generation import AddDraft, Coins, Generated
from arqon_maestro.corpusgen.snippets.containers import Candidate, candidates
from arqon_maestro.corpusgen.snippets.file import SyntaxFile, UnsayableError
from arqon_maestro.corpusgen.snippets.parts import NodeView
from arqon_maestro.corpusgen.snippets.sections import choose_form, say, say_text, say_whole
from arqon_maestro.corpusgen.snippets.shapes import COMMENT, shapes_named
from arqon_maestro.corpusgen.snippets.syntax import entry_point, parse
from arqon_maestro.corpusgen.snippets.targets import with_one_caret
from arqon_maestro.corpusgen.tokens import TokenStream
from arqon_maestro.languages.language import Language

if TYPE_CHECKING:
    from arqon_maestro.corpusgen.inserts import InsertGenerator

_LARGEST_NODE = 5000  # units
# In characters for each character of a file: code has 3, and never more than 10.
_MOST_SAID, _LEAST_SAID = 15, 20_000
_BARE = 0.05
_ASSIGNED = ("AssignmentVariableList", "PatternList")
_SLOT = "Optional"  # how the names of containers end that are no lists


def snippet_source(stream: TokenStream, language: Language) -> SyntaxSnippets | None:
    """Parses a file for its snippets.

    Args:
        stream: the units of the normalised source.
        language: the file's language.

    Returns:
        The snippets, or None for a language without a syntax tree.

    Raises:
        MissingPartError: if the language's grammar is not installed.
        ConfigurationError: if its data file is malformed.
        ParseLimitError: if the parser can't cope with the source.
    """
    if language.grammar is None or language.snippets is None:
        return None
    shapes = shapes_named(language.snippets)
    tree = parse(stream.source, (entry_point(language), *shapes.other_grammars))
    return SyntaxSnippets(SyntaxFile(stream, tree, shapes))


@dataclass(frozen=True, slots=True)
class InTextSnippet:
    """A node that can be said inside an insert."""

    view: NodeView
    kind: str

    @property
    def stop(self) -> int:
        """Index after the node's last unit."""
        return self.view.stop

    def generate(self, generator: InsertGenerator, sampler: Coins) -> Generated | None:
        """Says the node; None if it can't be said."""
        try:
            form = choose_form(self.view, self.kind, generator.choices, in_text=True)
            said = say(self.view, form, generator, sampler)
        except UnsayableError:
            return None
        return Generated(said.words, said.output, said.remaining, said.partial, self.view.stop)


class SyntaxSnippets:
    """The snippets of one file.

    Attributes:
        rejects: why nodes could not be said, counted by reason.
    """

    def __init__(self, file: SyntaxFile) -> None:
        self.rejects: Counter[str] = Counter()
        self._file = file
        self._starts = _snippet_starts(file)
        self._text_flags: bytearray | None = None

    @property
    def root(self) -> Any:
        """The tree-sitter root node."""
        return self._file.tree.root

    @property
    def error_share(self) -> float:
        """The share of the source that does not parse, 0 to 1."""
        return self._file.tree.error_share

    def in_text(self, index: int) -> bool:
        """Returns whether unit `index` lies in a string or a comment."""
        flags = self._text_flags
        if flags is None:
            flags = self._text_flags = _text_flags(self._file)
        return bool(flags[index])

    @property
    def starts(self) -> Mapping[int, Sequence[int]]:
        """The nodes that may be snippets, by the unit they start at."""
        return self._starts

    def starting_at(self, index: int, stop: int) -> Sequence[InTextSnippet]:
        """Returns the snippets that start at unit `index` and end at or before `stop`."""
        found = []
        for node in self.starts.get(index, ()):
            view = NodeView(self._file, node)
            if view.stop > stop:
                continue
            try:
                kind = view.kind()
            except UnsayableError:
                continue
            if kind in self._file.shapes.in_text_kinds:
                found.append(InTextSnippet(view, kind))
        return found

    def mappings(self, generator: InsertGenerator) -> Iterator[AddDraft]:
        """Yields the add mappings of the whole file, in its order."""
        tree = self._file.tree
        # What is nested endlessly would be said endlessly: each node with all that is in it.
        left = _MOST_SAID * len(tree.source) + _LEAST_SAID
        for candidate in candidates(tree, self._file.shapes):
            left -= tree.ends[candidate.node] - tree.starts[candidate.node]
            if left < 0:
                self.rejects["nested too deeply"] += 1
                continue
            try:
                draft = self._draft(candidate, generator)
            except UnsayableError as reason:
                self.rejects[str(reason)] += 1
                continue
            if draft is not None:
                yield draft

    def _draft(self, candidate: Candidate, generator: InsertGenerator) -> AddDraft | None:
        node, container, rule = candidate
        file, shapes = self._file, self._file.shapes
        node_type = file.tree.kinds[node]
        kind = rule.kind
        if node_type in shapes.comments:
            kind = COMMENT
        elif kind is None and node_type not in shapes.nodes:
            kind = rule.otherwise
            if kind is None:
                return self._bare(node, container, generator)
        plain = shapes.plain_forms.get(kind) if kind is not None else None
        if kind is not None and plain is not None and not rule.along and not rule.behind:
            # Arguments, parameters, modifiers: two candidates of three need no look at their parts.
            start, stop = file.units(node)
            if not _speakable(start, stop, node in file.tree.faulty):
                return None
            said = say_whole(file, (node,), start, stop, plain, generator)
            return AddDraft(said.words, said.output, start, stop, container, kind, said.partial)
        view = NodeView(file, node, container, rule)
        if not _speakable(view.start, view.stop, view.header_is_faulty()):
            return None
        kind = kind or view.kind() or rule.otherwise
        if kind is None:
            return self._bare(node, container, generator)
        form = choose_form(view, kind, generator.choices)
        said = say(view, form, generator, generator.draw_sampler())
        return AddDraft(
            said.words, said.output, view.start, view.stop, container, kind, said.partial
        )

    def _bare(self, node: int, container: str, generator: InsertGenerator) -> AddDraft | None:
        """Says a few of the elements that have no kind, without a trigger or a caret."""
        if container.endswith(_SLOT) or not generator.choices.flip(_BARE):
            return None
        start, stop = self._file.units(node)
        if not _speakable(start, stop, node in self._file.tree.faulty):
            return None
        # Half of what is assigned to may be nothing that can be assigned to.
        partials = container not in _ASSIGNED
        said = say_text(self._file, (node,), start, stop, generator, partials=partials)
        output = with_one_caret(said.output)
        return AddDraft(said.words, output, start, stop, container, None, said.partial)


def _speakable(start: int, stop: int, faulty: bool) -> bool:
    """Returns whether a node is not empty.

    Raises:
        UnsayableError: if it has a syntax error or is too large.
    """
    if faulty:
        raise UnsayableError("syntax error")
    if stop - start > _LARGEST_NODE:
        raise UnsayableError("oversized node")
    return start < stop


def _snippet_starts(file: SyntaxFile) -> dict[int, list[int]]:
    """Returns the nodes that may be snippets, by the unit they start at."""
    kinds, faulty = file.shapes.in_text_nodes, file.tree.faulty
    found: dict[int, list[int]] = {}
    for node, kind in enumerate(file.tree.kinds):
        if kind in kinds and node not in faulty:
            try:
                start = file.units(node)[0]
            except UnsayableError:
                continue
            found.setdefault(start, []).append(node)
    return found


def _text_flags(file: SyntaxFile) -> bytearray:
    """Returns which units lie in a string or a comment."""
    text_kinds = {*file.shapes.strings, *file.shapes.comments}
    flags = bytearray(len(file.stream) + 1)
    for node, kind in enumerate(file.tree.kinds):
        if kind in text_kinds:
            start = file.stream.index_at(file.tree.starts[node])
            stop = file.stream.index_at(file.tree.ends[node])
            flags[start:stop] = b"\1" * (stop - start)
    return flags
