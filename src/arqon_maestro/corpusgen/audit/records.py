"""What the audit of one file found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

# A file with a systematic fault would fill the report with the same failure.
_FAILURES_KEPT = 20

BARE = "(bare)"
"""How a mapping without a kind is counted."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A mapping, or a place, that did not pass a check.

    Attributes:
        check: the check's name.
        file: name of the file.
        offset: of the mapping's first character in the normalised source.
        words: what is said.
        target: the printed tokens.
        kind: what an added node was said as; empty for an insert.
        reason: what is wrong with it.
    """

    check: str
    file: str
    offset: int
    words: str
    target: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Example:
    """An add mapping as it stands in the report."""

    container: str
    words: str
    target: str


@dataclass(slots=True)
class FileAudit:
    """Counts of one file.

    Attributes:
        name: the file's name.
        taken: whether the filter takes it.
        characters: length of the normalised source.
        error_share: share of it in syntax errors, 0 to 1; None without a grammar.
        inserts, adds: mappings made. partial: add mappings that were cut short.
        checks: how often each check was made. failed: how often it failed.
        failures: the first of them.
        units: units of the source, by what became of them.
        kinds, containers: add mappings by kind and by container.
        examples: one add mapping of each kind.
        rejects: what was dropped, by reason.
    """

    name: str
    taken: bool = False
    characters: int = 0
    error_share: float | None = None
    inserts: int = 0
    adds: int = 0
    partial: int = 0
    checks: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    units: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    containers: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Example] = field(default_factory=dict)
    rejects: Counter[str] = field(default_factory=Counter)

    def check(
        self,
        name: str,
        reason: str | None,
        offset: int,
        words: Sequence[str] = (),
        target: Sequence[str] = (),
        kind: str = "",
    ) -> None:
        """Counts a check; `reason` says why it failed, None that it passed."""
        self.checks[name] += 1
        if reason is None:
            return
        self.failed[name] += 1
        if self.failed[name] <= _FAILURES_KEPT:
            self.failures.append(
                Failure(name, self.name, offset, " ".join(words), " ".join(target), kind, reason)
            )
