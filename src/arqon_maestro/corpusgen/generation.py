"""What the insert generator and the snippet generator know of each other.

Inserts are said from the units of a file (`tokens.TokenStream`). Snippets (spec section 4) are
said from its syntax tree: they use the insert generator for their parts, and inserts may contain
snippets. Neither imports the other; both speak in the terms of this module. Positions are indices
of units, and printed output is a list of *units* (``"C max"`` or ``"8 0"`` are one entry).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from arqon_maestro.corpusgen.inserts import InsertGenerator

CARET = "CRSR"

MayStop = Callable[[int], bool]
"""Says whether generation may stop before a unit."""


class Sampler(NamedTuple):
    """Coin flips that hold for a whole mapping (section 3.3)."""

    spaces_may_be_spoken: bool = False
    implicit_symbols: bool = False
    explicit_bias: bool = False
    title_as_capitals: bool = False
    enclosure_after_content: bool = False


class Coins(Protocol):
    """What is looked at of a `Sampler`, which may also be flipped when that is done."""

    @property
    def spaces_may_be_spoken(self) -> bool:
        """Whether single blanks are said now and then."""

    @property
    def implicit_symbols(self) -> bool:
        """Whether symbols may stay unsaid."""

    @property
    def explicit_bias(self) -> bool:
        """Whether they are mostly said all the same."""

    @property
    def title_as_capitals(self) -> bool:
        """Whether a title is said word by word."""

    @property
    def enclosure_after_content(self) -> bool:
        """Whether "in …" names of enclosures are said after their content."""


@dataclass(frozen=True, slots=True)
class Options:
    """What only text mode says.

    Attributes:
        fillers: "um" and "uh" between units.
        alternative_words: spelled words, the wake word (section 6.2).
    """

    fillers: bool = False
    alternative_words: bool = False


SPEECH = Options(fillers=True, alternative_words=True)
"""Options of text mode."""


@dataclass(slots=True)
class Generated:
    """How a range of units is said.

    Attributes:
        words: spoken words, one each.
        output: printed units of the target.
        remaining: ranges of units (start, stop) that are still unsaid, in order.
        partial: generation stopped early, so nothing may follow this output in the target.
        stop: index of the first unit that is not part of `output` (brackets closed early apart).
    """

    words: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    remaining: list[tuple[int, int]] = field(default_factory=list)
    partial: bool = False
    stop: int = 0


class AddDraft(NamedTuple):
    """An add mapping before its contexts are drawn.

    Attributes:
        words: spoken words without "add", one each.
        output: printed units of the target, `CARET` among them where there is one.
        start: index of the node's first unit.
        stop: index after its last unit.
        container: name of the list or slot that the node lies in (section 4.5).
        kind: what the node was said as; None for a bare element.
        partial: generation stopped before all that belongs to the snippet was said.
    """

    words: list[str]
    output: list[str]
    start: int
    stop: int
    container: str
    kind: str | None = None
    partial: bool = False


class Snippet(Protocol):
    """A syntax node that can be said inside an insert: If, Lambda, a markup element or tag."""

    @property
    def stop(self) -> int:
        """Index after the node's last unit."""

    def generate(self, generator: InsertGenerator, sampler: Coins) -> Generated | None:
        """Says the node with `generator`, whose choices it shares; None if it can't be said.

        `Generated.remaining` lists the node's unsaid parts. The caller goes on after the node
        unless the result is partial.
        """


class SnippetSource(Protocol):
    """The syntax tree of one file, as far as speech needs it.

    The snippet room offers ``snippet_source(stream, language) -> SnippetSource | None`` (None for
    a language without a tree). It never raises on odd source: what can't be said is counted in
    `rejects` by reason.
    """

    rejects: Counter[str]

    @property
    def root(self) -> Any:
        """Root node of the tree-sitter tree, for the file filter (section 6.3)."""

    @property
    def error_share(self) -> float:
        """Share of the source in ERROR nodes, 0 to 1, for the file filter."""

    @property
    def starts(self) -> Collection[int]:
        """Units that a snippet may start at."""

    def starting_at(self, index: int, stop: int) -> Sequence[Snippet]:
        """Returns the snippets that start at unit `index` and end at or before `stop`."""

    def in_text(self, index: int) -> bool:
        """Returns whether unit `index` lies in a string or a comment."""

    def mappings(self, generator: InsertGenerator) -> Iterator[AddDraft]:
        """Yields the add mappings of the whole file, in its order (section 4.1)."""
