"""The exception tree: what happened, where, why, and what to type next.

Every error that a person can cause or mend derives from `MaestroError`. The program prints its
message on standard error without a traceback (``--debug`` adds one) and exits with `exit_status`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_MISSING = 3
EXIT_INTERRUPTED = 130

LISTED_VALUES = 40
"""More allowed values than these are not listed in an error."""


class MaestroError(Exception):
    """Base of all expected errors.

    Args:
        what: what happened, one sentence without a full stop.
        where: ``path``, ``path:line`` or a configuration key.
        why: the cause, where it is known.
        remedy: what to type or change next.
    """

    exit_status = EXIT_FAILED

    def __init__(self, what: str, *, where: object = None, why: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = None if where is None else str(where)
        self.why = why
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.why:
            text += f" ({self.why})"
        if self.remedy:
            text += f"\n  try: {self.remedy}"
        return text

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process boundaries; the keyword-only constructor needs help with pickling.
        return (_rebuild, (type(self), self.what, self.where, self.why, self.remedy))


def _rebuild(
    kind: type[MaestroError], what: str, where: str | None, why: str, remedy: str
) -> MaestroError:
    return kind(what, where=where, why=why, remedy=remedy)


class UsageError(MaestroError):
    """A wrong argument or flag."""

    exit_status = EXIT_USAGE


class ConfigurationError(MaestroError):
    """A configuration file that cannot be used: unknown key, wrong type, value out of range."""

    exit_status = EXIT_USAGE


class MissingPartError(MaestroError):
    """Something needed is not installed: a wheel, a program, a model, a network connection."""

    exit_status = EXIT_MISSING


class DataError(MaestroError):
    """Input data that cannot be used: corrupt, empty, of the wrong format."""


class IntegrityError(DataError):
    """A file whose digest is not the one promised."""


class WorkFailedError(MaestroError):
    """A step ran and failed, or too many of its inputs were rejected."""


def did_you_mean(value: str, allowed: Iterable[str]) -> str:
    """Returns ``allowed values: …; did you mean …?`` for an unknown value."""
    names = sorted(allowed)
    if len(names) > LISTED_VALUES:
        near = difflib.get_close_matches(value, names, n=5, cutoff=0.4) or names[:5]
        return f"{len(names)} values are allowed, such as {', '.join(near)}"
    text = "allowed: " + ", ".join(names)
    close = difflib.get_close_matches(value, names, n=1)
    return f"did you mean {close[0]!r}? {text}" if close else text
