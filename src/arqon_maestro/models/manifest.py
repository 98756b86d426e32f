"""The manifest of a tarball: every file with its digest, and how the model came to be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arqon_maestro.errors import DataError
from arqon_maestro.models.version import VERSION_NAME, FileRecord

MANIFEST_NAME = "manifest.json"
CARD_NAME = "MODEL_CARD.md"
SCHEMA_VERSION = 1
# The names that packing writes itself.
OWN_NAMES = (VERSION_NAME, MANIFEST_NAME, CARD_NAME)
SIZE_LIMIT_BYTES = 16 * 2**20


class ManifestFile(BaseModel):
    """A file's line in the manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What a tarball promises.

    Attributes:
        model: the flattened key, ``code-engine/export/auto-style/python``.
        configuration: the slice of the recipe that made it.
        data: where the training data came from, with licences and counts.
        scores: what was measured, with how.
        libraries: the versions of the libraries that matter.
        files: all files but the manifest itself and ``v``.
    """

    # Open for more facts: an archive of a later version of the program stays readable.
    model_config = ConfigDict(extra="allow", frozen=True)

    schema_version: int = Field(default=SCHEMA_VERSION, ge=1)
    model: str
    configuration: dict[str, Any] = {}
    data: dict[str, Any] = {}
    scores: dict[str, Any] = {}
    libraries: dict[str, str] = {}
    files: tuple[ManifestFile, ...] = ()


def render_manifest(
    model: str, facts: Mapping[str, Any], files: Iterable[FileRecord]
) -> tuple[Manifest, bytes]:
    """Makes a manifest of the given facts and files, and its bytes: the same for the same input.

    Raises:
        DataError: the facts do not fit the manifest's fields, or are no JSON.
    """
    listed = [vars(record) for record in sorted(files)]
    content = {"schema_version": SCHEMA_VERSION, **facts, "model": model, "files": listed}
    try:
        manifest = Manifest.model_validate(content)
        text = json.dumps(
            manifest.model_dump(),
            indent=1,
            ensure_ascii=False,
            sort_keys=True,
            allow_nan=False,
        )
    except (ValidationError, ValueError, TypeError) as error:
        raise DataError("not the facts of a manifest", where=model, why=_flat(error)) from None
    return manifest, (text + "\n").encode("utf-8")


def parse_manifest(content: bytes, where: object) -> Manifest:
    """Reads a manifest.

    Raises:
        DataError: not JSON, or a field of the wrong type; also one of a later schema.
    """
    try:
        manifest = Manifest.model_validate(json.loads(content))
    except (ValidationError, ValueError, RecursionError) as error:
        raise DataError("not a model's manifest", where=where, why=_flat(error)) from None
    if manifest.schema_version > SCHEMA_VERSION:
        raise DataError(
            f"a manifest of schema {manifest.schema_version}, newer than {SCHEMA_VERSION}",
            where=where,
            remedy="update arqon-maestro",
        )
    return manifest


def unlisted(manifest: Manifest, records: Iterable[FileRecord]) -> list[FileRecord]:
    """Returns the files that a manifest does not know."""
    known = {entry.path for entry in manifest.files} | {VERSION_NAME, MANIFEST_NAME}
    return [record for record in records if record.path not in known]


def differences(manifest: Manifest, records: Iterable[FileRecord]) -> list[str]:
    """Returns how files differ from the manifest's list: a sentence each, none if they agree."""
    found = {record.path: record for record in records}
    problems = []
    for entry in manifest.files:
        record = found.get(entry.path)
        if record is None:
            problems.append(f"{entry.path}: missing")
        elif entry.size_bytes != record.size_bytes:
            problems.append(f"{entry.path}: {record.size_bytes} bytes, not {entry.size_bytes}")
        elif entry.sha256 != record.sha256:
            problems.append(f"{entry.path}: the digest is not the promised one")
    return problems


def _flat(error: Exception) -> str:
    if isinstance(error, ValidationError):
        lines = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return "; ".join(lines)
    return " ".join(str(error).split())
