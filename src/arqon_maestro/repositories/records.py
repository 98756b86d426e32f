"""The records of the raw source: a package as a provider offers it, a file as a shard keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import xxhash

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of source code, or one document of prose, as the shards hold it.

    Attributes:
        text: the content, ``\\n`` line ends, no byte order mark.
        path: POSIX path within the repository.
        repository: the unit of the split, such as ``python-3.11/json`` or ``npm/express``.
        version: version of the package, or the commit.
        licence: SPDX expression.
        digest: XXH3-128 of the text's UTF-8 bytes, in hexadecimal.
        language: name of the language, such as ``python``.
        split: ``train``, ``valid`` or ``test``.
        provenance: package URL (purl) of where it came from.
    """

    text: str
    path: str
    repository: str
    version: str
    licence: str
    digest: str
    language: str
    split: str
    provenance: str


@dataclass(frozen=True, slots=True)
class Member:
    """One regular file inside a package; `path` is relative to the package's root."""

    path: str
    data: bytes


Wanted = Callable[[str], bool]
"""Whether a path is worth reading."""

CountReject = Callable[[str], None]
"""Is told the reason for each member that is left out."""


@dataclass(frozen=True, slots=True)
class Package:
    """What a provider offers: one repository at one version, and a way to read it.

    Attributes:
        repository: the unit of the split.
        version: version or commit.
        licence: the SPDX expression that its source declares.
        provenance: package URL (purl).
        members: reads the files whose path is wanted; may be called more than once.
        evidence_required: whether a licence text or metadata must confirm the declared licence.
        split: a split set by hand, or None for the hash of the repository.
        sha256: digest of the archive it is read from, empty for a folder.
    """

    repository: str
    version: str
    licence: str
    provenance: str
    members: Callable[[Wanted, CountReject], Iterator[Member]]
    evidence_required: bool = True
    split: str | None = None
    sha256: str = ""


def text_digest(text: str) -> str:
    """Returns the XXH3-128 of the text's UTF-8 bytes, in hexadecimal."""
    digest: str = xxhash.xxh3_128_hexdigest(text.encode("utf-8"))
    return digest
