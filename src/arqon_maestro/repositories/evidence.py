"""What a package's own files say about its licence: texts, metadata, debian/copyright."""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from email.parser import HeaderParser

from arqon_maestro.errors import DataError
from arqon_maestro.repositories import licences

LARGEST_EVIDENCE_BYTES = 2_000_000

_TROVE = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
}
"""Trove classifiers of the Python package index, as SPDX."""


def is_evidence(path: str) -> bool:
    """Returns whether a path may say something about its package's licence."""
    return _reader(path) is not None


def read_evidence(path: str, data: bytes) -> list[tuple[str, str]]:
    """Returns pairs of path and SPDX expression; empty if the file says nothing known."""
    reader = _reader(path)
    if reader is None or len(data) > LARGEST_EVIDENCE_BYTES:
        return []
    text = data.decode("utf-8", "replace")
    return [(path, expression) for expression in reader(text)]


def _reader(path: str) -> Callable[[str], list[str]] | None:
    *folders, name = path.split("/")
    if re.search(r"(?:^|/)debian/copyright\Z|usr/share/doc/[^/]+/copyright\Z", path):
        return _debian
    if len(folders) <= 1 and name in _METADATA:
        return _METADATA[name]
    if licences.is_licence_text(path):
        return _text
    return None


def _text(text: str) -> list[str]:
    found = licences.recognise(text)
    return [found] if found else []


def _npm(text: str) -> list[str]:
    try:
        licence = json.loads(text).get("license")
    except (ValueError, AttributeError, RecursionError):
        return []
    if isinstance(licence, dict):
        licence = licence.get("type")
    if not isinstance(licence, str) or licence.upper().startswith("SEE LICEN"):
        return []
    return [licences.normal_name(licence)]


def _python(text: str) -> list[str]:
    headers = HeaderParser().parsestr(text)
    found = []
    if expression := headers.get("License-Expression"):
        found.append(str(expression).strip())
    licence = str(headers.get("License") or "").strip()
    if licence and len(licence) < 60 and "\n" not in licence:
        found.append(licences.normal_name(licence))
    elif licence:
        found += _text(licence)
    for classifier in headers.get_all("Classifier") or ():
        head, _, tail = str(classifier).rpartition(" :: ")
        if head.startswith("License") and tail in _TROVE:
            found.append(_TROVE[tail])
    return list(dict.fromkeys(found))


def _toml(text: str) -> list[str]:
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    for table in ("package", "project"):
        section = data.get(table)
        licence = section.get("license") if isinstance(section, dict) else None
        if isinstance(licence, dict):
            licence = licence.get("text")
        if isinstance(licence, str) and len(licence) < 80:
            return [licences.normal_name(licence)]
    return []


def _debian(text: str) -> list[str]:
    main = debian_licences(text).main
    return [main] if main else _text(text)


_METADATA: dict[str, Callable[[str], list[str]]] = {
    "package.json": _npm,
    "METADATA": _python,
    "PKG-INFO": _python,
    "Cargo.toml": _toml,
    "pyproject.toml": _toml,
}


@dataclass(frozen=True)
class FileLicences:
    """Licences per file pattern, as ``debian/copyright`` in DEP-5 format states them.

    Attributes:
        main: the licence of ``Files: *``; empty if the file is not in that format.
        patterns: pairs of glob and SPDX expression, in order; the last match counts.
    """

    main: str = ""
    patterns: tuple[tuple[str, str], ...] = ()

    def of(self, path: str) -> str:
        """Returns the licence of a path; empty if none is stated."""
        found = ""
        for pattern, licence in self.patterns:
            # A binary package installs the source's files below another folder.
            if fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, f"*/{pattern}"):
                found = licence
        return found

    def allows(self, path: str) -> bool:
        """Returns whether a path's stated licence, if any, allows training."""
        licence = self.of(path)
        try:
            return not licence or not licences.refusal(licence)
        except DataError:
            return False


def debian_licences(text: str) -> FileLicences:
    """Reads a ``debian/copyright`` (format 1.0, DEP-5); other texts give an empty result."""
    if "copyright-format/1" not in text[:2000].replace(
        "copyright-format/1.0", "copyright-format/1"
    ):
        return FileLicences()
    patterns: list[tuple[str, str]] = []
    for block in re.split(r"\n[ \t]*\n", text):
        fields = _fields(block)
        if "files" in fields and "license" in fields:
            licence = _debian_name(fields["license"].split("\n")[0])
            patterns += [(pattern, licence) for pattern in fields["files"].split()]
    main = next((licence for pattern, licence in patterns if pattern == "*"), "")
    return FileLicences(main, tuple(patterns))


def _fields(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in block.split("\n"):
        if line[:1] in (" ", "\t"):
            if name:
                fields[name] += "\n" + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.lower()
            fields[name] = value.strip()
    return fields


def _debian_name(name: str) -> str:
    """Writes Debian's ``GPL-2+ or Expat`` as SPDX."""
    words = re.split(r"\s+(and/or|and|or)\s+|,\s*(and|or)\s+", name.strip(), flags=re.IGNORECASE)
    parts = [word for word in words if word]
    return " ".join(
        ("OR" if part.lower() == "and/or" else part.upper())
        if part.lower() in ("and", "or", "and/or")
        else licences.normal_name(part)
        for part in parts
    )
