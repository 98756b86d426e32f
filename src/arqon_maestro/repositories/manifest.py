"""What a language's shards were made of: packages, licences, splits, rejects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import read_json
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.repositories import licences
from arqon_maestro.repositories.reading import Reading
from arqon_maestro.repositories.records import SPLITS, SourceFile
from arqon_maestro.repositories.selection import size_bytes
from arqon_maestro.repositories.shards import Part

MANIFEST_NAME = "manifest.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Amount:
    """How much there is of something."""

    repositories: int
    files: int
    bytes: int


@dataclass(frozen=True)
class PackageReport:
    """One repository in the shards, or refused.

    Attributes:
        repository: its name.
        version: its version or commit.
        licence: SPDX expression.
        attribution: whether copies must carry its notice.
        licence_confirmed_by: its files that confirm the licence.
        refused: why it was not used; empty if it was.
        provenance: package URL.
        sha256: of the archive; empty for a folder.
        files: files kept.
        bytes: bytes of text kept.
        rejects: files left out, by reason.
    """

    repository: str
    version: str
    licence: str
    attribution: bool
    licence_confirmed_by: tuple[str, ...]
    refused: str
    provenance: str
    sha256: str
    files: int
    bytes: int
    rejects: dict[str, int]


@dataclass(frozen=True)
class FetchReport:
    """What a fetch of one language did.

    Attributes:
        language: its name.
        splits: amount by split.
        packages: sorted by repository.
        rejects: files left out, by reason, over all packages.
        unavailable: names of sources that could not be had and were skipped, with the reason.
        parts: the shards.
    """

    language: str
    splits: dict[str, Amount]
    packages: tuple[PackageReport, ...]
    rejects: dict[str, int]
    unavailable: dict[str, str]
    parts: tuple[Part, ...]

    @property
    def total(self) -> Amount:
        """All splits together."""
        used = sum(1 for package in self.packages if package.files)
        amounts = self.splits.values()
        return Amount(used, sum(a.files for a in amounts), sum(a.bytes for a in amounts))

    def as_dict(self) -> dict[str, Any]:
        """Returns the manifest's content."""
        return {
            "schema_version": SCHEMA_VERSION,
            "language": self.language,
            "total": asdict(self.total),
            "splits": {split: asdict(amount) for split, amount in self.splits.items()},
            "rejects": self.rejects,
            "unavailable": self.unavailable,
            "parts": [asdict(part) for part in self.parts],
            "packages": [asdict(package) for package in self.packages],
        }


def make_report(
    language: str,
    readings: Iterable[Reading],
    kept: Sequence[SourceFile],
    dropped: Iterable[tuple[SourceFile, str]],
    parts: Sequence[Part],
    unavailable: dict[str, str],
) -> FetchReport:
    """Counts what was read, kept and left out."""
    files: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for file in kept:
        files[file.repository] += 1
        sizes[file.repository] += size_bytes(file)
    late: dict[str, Counter[str]] = {}
    for file, reason in dropped:
        late.setdefault(file.repository, Counter())[reason] += 1
    total: Counter[str] = Counter()
    packages = []
    for reading in sorted(readings, key=lambda reading: reading.package.repository):
        package = reading.package
        rejects = reading.rejects + late.get(package.repository, Counter())
        total += rejects
        packages.append(
            PackageReport(
                repository=package.repository,
                version=package.version,
                licence=package.licence,
                attribution=licences.needs_attribution(package.licence),
                licence_confirmed_by=reading.verdict.confirmed_by,
                refused=reading.verdict.why,
                provenance=package.provenance,
                sha256=package.sha256,
                files=files[package.repository],
                bytes=sizes[package.repository],
                rejects=dict(sorted(rejects.items())),
            )
        )
    return FetchReport(
        language=language,
        splits={split: _amount(kept, split) for split in SPLITS},
        packages=tuple(packages),
        rejects=dict(sorted(total.items())),
        unavailable=dict(sorted(unavailable.items())),
        parts=tuple(parts),
    )


def read_report(folder: Path) -> FetchReport:
    """Reads a language's manifest back.

    Raises:
        MissingPartError: nothing was fetched there.
        DataError: the manifest is damaged.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        raise MissingPartError(
            "no source code here",
            where=folder,
            why="no manifest.json",
            remedy=f"maestro repositories fetch --language {folder.name}",
        )
    data = read_json(path)
    try:
        return FetchReport(
            language=data["language"],
            splits={split: Amount(**data["splits"][split]) for split in SPLITS},
            packages=tuple(
                PackageReport(**{**row, "licence_confirmed_by": tuple(row["licence_confirmed_by"])})
                for row in data["packages"]
            ),
            rejects=data["rejects"],
            unavailable=data["unavailable"],
            parts=tuple(Part(**row) for row in data["parts"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            "not a manifest of source code",
            where=path,
            why=f"{type(error).__name__}: {error}",
            remedy=f"maestro repositories fetch --language {folder.name}",
        ) from None


def _amount(kept: Sequence[SourceFile], split: str) -> Amount:
    side = [file for file in kept if file.split == split]
    return Amount(len({file.repository for file in side}), len(side), sum(map(size_bytes, side)))
