"""Packing a model: one folder, one ``<version>.tar.gz``, the same bytes for the same model."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.errors import DataError
from arqon_maestro.models.extraction import read_members, read_small
from arqon_maestro.models.keys import key_of_folder, parse_key
from arqon_maestro.models.manifest import (
    CARD_NAME,
    MANIFEST_NAME,
    OWN_NAMES,
    SIZE_LIMIT_BYTES,
    Manifest,
    parse_manifest,
    render_manifest,
)
from arqon_maestro.models.version import (
    ARCHIVE_SUFFIX,
    VERSION_NAME,
    FileRecord,
    file_records,
    is_version,
    record_of,
    version_in_name,
    version_of,
)

# Level 6 is zlib's default; higher levels cost much and gain under 1% on float32 weights.
COMPRESSION_LEVEL = 6
V_LIMIT_BYTES = 256


@dataclass(frozen=True)
class Packed:
    """A tarball that was written."""

    path: Path
    version: str
    manifest: Manifest


def pack(
    folder: Path,
    destination_folder: Path,
    manifest: Mapping[str, Any],
    card: str,
) -> Packed:
    """Packs a model's folder into ``destination_folder/<version>.tar.gz``.

    The version, the manifest and the card are added to the archive; the folder is not changed.
    Members are sorted, without owner, permissions and time, so the same folder, manifest and card
    give the same bytes; keep times and host names out of them.

    Args:
        folder: the model's files; tarballs beside them are left out.
        destination_folder: usually ``models/<path>`` of the library root.
        manifest: the facts of `Manifest`: ``configuration``, ``data``, ``scores``, ``libraries``,
            and ``model``, the flattened key, unless the destination tells it.
        card: the model card, Markdown (see `render_card`).

    Raises:
        DataError: an empty folder, a link in it, or facts that are no manifest.
    """
    files = _files(folder)
    version, parsed, own = _described(
        _model_of(manifest, destination_folder), files, manifest, card
    )
    path = destination_folder / f"{version}{ARCHIVE_SUFFIX}"
    with (
        atomic_binary(path) as stream,
        gzip.GzipFile(
            filename="", mode="wb", fileobj=stream, mtime=0, compresslevel=COMPRESSION_LEVEL
        ) as zipped,
        tarfile.open(
            fileobj=cast(IO[bytes], zipped), mode="w|", format=tarfile.PAX_FORMAT
        ) as archive,
    ):
        # These come first, so that they can be read without unpacking the weights.
        for name, content in own.items():
            _add(archive, name, len(content), io.BytesIO(content))
        for record in files:
            with open(folder / record.path, "rb") as source:
                _add(archive, record.path, record.size_bytes, source)
    return Packed(path, version, parsed)


def label(folder: Path, manifest: Mapping[str, Any], card: str) -> str:
    """Writes version, manifest and card into a folder that is not packed; returns the version.

    Args:
        folder: the model's files.
        manifest: as for `pack`, with ``model``.
        card: the model card.

    Raises:
        DataError: an empty folder, a link in it, or facts that are no manifest.
    """
    version, _, own = _described(_model_of(manifest, folder), _files(folder), manifest, card)
    for name, content in own.items():
        with atomic_binary(folder / name) as stream:
            stream.write(content)
    return version


def _files(folder: Path) -> list[FileRecord]:
    files = [record for record in file_records(folder) if record.path not in OWN_NAMES]
    if not files:
        raise DataError("no files to pack", where=folder)
    return files


def _described(
    model: str, files: list[FileRecord], manifest: Mapping[str, Any], card: str
) -> tuple[str, Manifest, dict[str, bytes]]:
    """Returns version, manifest, and the content of the three files that tell them."""
    card_bytes = card.encode("utf-8")
    described = [*files, record_of(CARD_NAME, card_bytes)]
    parsed, manifest_bytes = render_manifest(model, manifest, described)
    version = version_of([*described, record_of(MANIFEST_NAME, manifest_bytes)])
    return (
        version,
        parsed,
        {
            VERSION_NAME: f"{version}\n".encode(),
            MANIFEST_NAME: manifest_bytes,
            CARD_NAME: card_bytes,
        },
    )


@dataclass(frozen=True)
class Label:
    """What a tarball says about itself, read from its first members."""

    version: str | None
    manifest: Manifest | None
    card: str | None


def read_label(tarball: Path) -> Label:
    """Reads version, manifest and card of a tarball.

    An archive of the reference has no manifest and no card; its version is in ``v``, or else in
    its name.

    Raises:
        MissingPartError: there is no such file.
        DataError: a corrupt archive.
    """
    found: dict[str, bytes] = {}
    for path, size_bytes, read in read_members(tarball):
        if path in OWN_NAMES:
            limit = V_LIMIT_BYTES if path == VERSION_NAME else SIZE_LIMIT_BYTES
            found[path] = read_small(path, size_bytes, read, limit, tarball)
        if len(found) == len(OWN_NAMES):
            break
    version: str | None = version_in_name(tarball)
    if VERSION_NAME in found:
        version = parse_version(found[VERSION_NAME], tarball)
    manifest = found.get(MANIFEST_NAME)
    return Label(
        version,
        None if manifest is None else parse_manifest(manifest, tarball),
        found[CARD_NAME].decode("utf-8", "replace") if CARD_NAME in found else None,
    )


def parse_version(content: bytes, where: Path) -> str:
    """Returns the version in the bytes of a ``v`` file.

    Raises:
        DataError: it holds no version.
    """
    text = content.decode("ascii", "replace").strip()
    if not is_version(text):
        raise DataError(f"{VERSION_NAME} holds no version", where=where, why=repr(text[:80]))
    return text


def _model_of(manifest: Mapping[str, Any], destination_folder: Path) -> str:
    named = manifest.get("model")
    if named is not None:
        return parse_key(str(named)).path
    key = key_of_folder(destination_folder)
    if key is None:
        raise DataError(
            "the manifest names no model",
            where=destination_folder,
            remedy="give its key, such as code-engine/export/auto-style/python, as `model`",
        )
    return key.path


def _add(archive: tarfile.TarFile, path: str, size_bytes: int, source: IO[bytes]) -> None:
    member = tarfile.TarInfo(path)
    member.size = size_bytes
    member.mode = 0o644
    archive.addfile(member, source)
