"""Checking a model against what it promises: every digest, and the version over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.errors import IntegrityError
from arqon_maestro.models.extraction import digest_member, read_members, read_small
from arqon_maestro.models.manifest import (
    MANIFEST_NAME,
    SIZE_LIMIT_BYTES,
    Manifest,
    differences,
    parse_manifest,
    unlisted,
)
from arqon_maestro.models.tarball import V_LIMIT_BYTES, parse_version
from arqon_maestro.models.version import (
    VERSION_NAME,
    FileRecord,
    file_records,
    record_of,
    version_in_name,
    version_of,
)

NO_MANIFEST = "no manifest: nothing to check the files against"
NO_MODEL = f"neither {VERSION_NAME} nor {MANIFEST_NAME}: this is no model"


@dataclass(frozen=True)
class Verification:
    """The outcome of a check.

    Attributes:
        version: what the model says it is; None if it says nothing.
        manifest: its manifest; None for an archive of the reference.
        records: the files that were checked.
        problems: what differs from the promise, a sentence each; empty if all is well.
        warnings: what could not be checked.
    """

    version: str | None
    manifest: Manifest | None
    records: tuple[FileRecord, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    def require_sound(self, where: Path) -> None:
        """Raises IntegrityError with all problems, if there are any."""
        if self.problems:
            raise IntegrityError(
                "not what it promises to be", where=where, why="; ".join(self.problems)
            )


def verify(path: Path) -> Verification:
    """Checks a tarball (without unpacking it to disk) or a folder of installed files.

    Raises:
        MissingPartError: there is no such file or folder.
        DataError: a corrupt archive, or one that tries to leave its folder.
    """
    return verify_folder(path) if path.is_dir() else verify_tarball(path)


def verify_tarball(tarball: Path) -> Verification:
    """As `verify`, for a tarball."""
    records = []
    small: dict[str, bytes] = {}
    limits = {VERSION_NAME: V_LIMIT_BYTES, MANIFEST_NAME: SIZE_LIMIT_BYTES}
    for path, size_bytes, read in read_members(tarball):
        if path in limits:
            small[path] = read_small(path, size_bytes, read, limits[path], tarball)
            records.append(record_of(path, small[path]))
        else:
            records.append(digest_member(path, size_bytes, read))
    return _checked(records, small, version_in_name(tarball), tarball, others_allowed=False)


def verify_folder(folder: Path, *, name_version: str | None = None) -> Verification:
    """As `verify`, for a folder; `name_version` is what the name of its tarball promises.

    Files that the manifest does not list only bring a warning: whoever uses a model may keep
    something beside it.
    """
    records = file_records(folder)
    small: dict[str, bytes] = {}
    for name in (VERSION_NAME, MANIFEST_NAME):
        if (folder / name).is_file():
            small[name] = (folder / name).read_bytes()
    return _checked(records, small, name_version, folder, others_allowed=True)


def _checked(
    records: Iterable[FileRecord],
    small: Mapping[str, bytes],
    name_version: str | None,
    where: Path,
    *,
    others_allowed: bool,
) -> Verification:
    records = tuple(sorted(records))
    problems: list[str] = []
    warnings: list[str] = []
    version = name_version
    if not records:
        problems.append("there are no files: this is no model")
    if VERSION_NAME in small:
        version = parse_version(small[VERSION_NAME], where)
        if name_version is not None and name_version != version:
            problems.append(f"{VERSION_NAME} says {version}, the name of the file {name_version}")
    manifest = None
    if MANIFEST_NAME in small:
        manifest = parse_manifest(small[MANIFEST_NAME], where)
        others = unlisted(manifest, records)
        listed = [record for record in records if record not in others]
        (warnings if others_allowed else problems).extend(
            f"{record.path}: not in the manifest" for record in others
        )
        problems += differences(manifest, listed)
        content_version = version_of(listed)
        if version is None:
            problems.append(f"there is no {VERSION_NAME}")
        elif content_version != version:
            problems.append(f"the content is version {content_version}, not {version}")
    elif version is None and records:
        problems.append(NO_MODEL)
    else:
        warnings.append(NO_MANIFEST)
    return Verification(version, manifest, records, tuple(problems), tuple(warnings))
