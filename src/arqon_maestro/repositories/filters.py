"""Which raw files are source code that a person wrote: by path, by bytes, by text.

The limits on the shape of a file (lines, line length) are CorpusGen's; these rules keep out what
is no source at all. Every function returns the reason of the reject, or None for a file to keep.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

MARK_CHARACTERS = 4096
BINARY_PROBE_BYTES = 8192


@dataclass(frozen=True)
class FilterLimits:
    """Limits of the file filter.

    Attributes:
        file_bytes: larger files are left out.
        line_characters: a longer line in code makes a file minified.
        non_ascii_share: share of characters beyond ASCII and the ordinary few.
        quoted_share: share of the characters inside quotes, above which code is a data table.
    """

    file_bytes: int = 1_000_000
    line_characters: int = 2_000
    non_ascii_share: float = 0.01
    quoted_share: float = 0.6


@dataclass(frozen=True)
class _Rules:
    folders: dict[str, tuple[tuple[str, ...], ...]]
    declaration_suffixes: tuple[str, ...]
    minified_names: tuple[str, ...]
    generated_suffixes: tuple[str, ...]
    generated: re.Pattern[str]
    generated_hints: tuple[str, ...]
    secrets: tuple[tuple[str, re.Pattern[str]], ...]
    ordinary: frozenset[str]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    text = files("arqon_maestro.repositories").joinpath("data/filters.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)

    def paths(key: str) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(entry.split("/")) for entry in data[key])

    return _Rules(
        folders={
            "vendored": paths("vendored_folders"),
            "built": paths("built_folders"),
            "test-baseline": paths("baseline_folders"),
        },
        declaration_suffixes=tuple(data["declaration_suffixes"]),
        minified_names=tuple(data["minified_names"]),
        generated_suffixes=tuple(data["generated_suffixes"]),
        generated=re.compile("|".join(data["generated_marks"]), re.IGNORECASE),
        generated_hints=tuple(data["generated_hints"]),
        secrets=tuple((row["hint"], re.compile(row["pattern"])) for row in data["secrets"]),
        ordinary=frozenset(map(chr, data["ordinary_code_points"])),
    )


def path_reason(path: str) -> str | None:
    """Returns why a path (POSIX, below the package's root) is left out, or None."""
    rules = _rules()
    *folders, name = path.lower().split("/")
    for reason, entries in rules.folders.items():
        if any(_contains(folders, entry) for entry in entries):
            return reason
    if name.endswith(rules.declaration_suffixes):
        return "declarations-only"
    if any(mark in name for mark in rules.minified_names):
        return "minified"
    if name.endswith(rules.generated_suffixes):
        return "generated"
    return None


def bytes_reason(data: bytes, limits: FilterLimits) -> str | None:
    """Returns why a file's bytes are left out, or None."""
    if len(data) > limits.file_bytes:
        return "too-large"
    if not data.strip():
        return "empty"
    if b"\0" in data[:BINARY_PROBE_BYTES] or b"\0" in data:
        return "binary"
    return None


def decode(data: bytes) -> str | None:
    """Returns the text with ``\\n`` line ends and no byte order mark, or None if not UTF-8."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_reason(text: str, limits: FilterLimits, *, prose: bool = False) -> str | None:
    """Returns why a text is left out, or None.

    Args:
        text: the decoded file.
        limits: the limits.
        prose: English text, for which long lines and many quotes are no sign of anything.
    """
    rules = _rules()
    head = text[:MARK_CHARACTERS].lower()
    if any(hint in head for hint in rules.generated_hints) and rules.generated.search(head):
        return "generated"
    # A compiler that writes CSS or JavaScript names its input at the end.
    if "sourceMappingURL=" in text[-MARK_CHARACTERS:]:
        return "generated"
    if any(hint in text and pattern.search(text) for hint, pattern in rules.secrets):
        return "secret"
    if not text.isascii():
        foreign = sum(ord(c) > 127 and c not in rules.ordinary for c in text)
        if foreign > limits.non_ascii_share * len(text):
            return "non-ascii"
    if prose:
        return None
    if max(map(len, text.split("\n"))) > limits.line_characters:
        return "minified"
    if _quoted_share(text) > limits.quoted_share:
        return "data-table"
    return None


# Triple-quoted text (documentation) is matched first and not counted.
_QUOTED = re.compile(
    r'""".*?"""|\'\'\'.*?\'\'\'|("[^"\n\\]*(?:\\.[^"\n\\]*)*"|\'[^\'\n]*\')', re.DOTALL
)


def _quoted_share(text: str) -> float:
    return sum(len(found) for found in _QUOTED.findall(text)) / len(text)


def _contains(parts: Sequence[str], run: tuple[str, ...]) -> bool:
    width = len(run)
    return any(tuple(parts[i : i + width]) == run for i in range(len(parts) - width + 1))
