"""Reading archives nobody vouches for: no path outside, no links, no devices, no bombs."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.models.version import FileRecord

SIZE_LIMIT_BYTES = 16 * 2**30
MEMBER_LIMIT = 10_000
PATH_LIMIT_BYTES = 1024
CHUNK_BYTES = 1 << 20
# What headers and padding between two members may take; extended headers are read into memory.
HEADER_LIMIT_BYTES = 1 << 20
_CORRUPT = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError)


class _Metered:
    """A stream that gives only as many bytes as were allowed: a header cannot eat the memory."""

    def __init__(self, stream: IO[bytes], where: Path) -> None:
        self.stream, self.where, self.allowed = stream, where, 0

    def allow(self, size_bytes: int) -> None:
        self.allowed = size_bytes + HEADER_LIMIT_BYTES

    def read(self, size_bytes: int) -> bytes:
        content = self.stream.read(min(size_bytes, self.allowed + 1))
        self.allowed -= len(content)
        if self.allowed < 0:
            raise DataError("corrupt archive", where=self.where, why="a header is too large")
        return content


def read_members(
    tarball: Path, *, size_limit_bytes: int = SIZE_LIMIT_BYTES
) -> Iterator[tuple[str, int, Callable[[int], bytes]]]:
    """Yields the files of a tar.gz in order: path, size, and a function that reads the next bytes.

    Each file is read before the next is asked for. Folders are passed over.

    Raises:
        MissingPartError: there is no such file.
        DataError: no whole tar.gz; a member that is a link or a device, whose path is absolute,
            leaves the folder or stands twice; more bytes or members than the limits.
    """
    try:
        with gzip.open(tarball, "rb") as unzipped:
            metered = _Metered(cast(IO[bytes], unzipped), tarball)
            metered.allow(0)
            with tarfile.open(fileobj=cast(IO[bytes], metered), mode="r|") as archive:
                yield from _members(archive, metered, tarball, size_limit_bytes)
            _drain(cast(IO[bytes], unzipped), tarball)
    except FileNotFoundError:
        raise MissingPartError("no such file", where=tarball) from None
    except IsADirectoryError:
        raise DataError("a folder, where a tarball was expected", where=tarball) from None
    except _CORRUPT as error:
        raise DataError("corrupt archive", where=tarball, why=str(error)) from None


def _members(
    archive: tarfile.TarFile, metered: _Metered, tarball: Path, size_limit_bytes: int
) -> Iterator[tuple[str, int, Callable[[int], bytes]]]:
    seen: set[str] = set()
    total_bytes = 0
    for count, member in enumerate(archive, 1):
        where = f"{tarball}: {member.name!r}"
        if count > MEMBER_LIMIT:
            raise DataError(f"more than {MEMBER_LIMIT} members", where=tarball)
        path = _checked_path(member, where)
        if member.isdir():
            metered.allow(0)
            continue
        total_bytes += member.size
        if total_bytes > size_limit_bytes:
            raise DataError(f"unpacks to more than {size_limit_bytes:,} bytes", where=tarball)
        if path in seen or any(str(parent) in seen for parent in PurePosixPath(path).parents):
            raise DataError("a path that stands twice in the archive", where=where)
        seen.add(path)
        metered.allow(member.size)
        stream = archive.extractfile(member)
        if stream is None:
            raise DataError("a member without content", where=where)
        yield path, member.size, _reader(stream, tarball)
        # Skipping to the next header reads what is left of this one.
        metered.allow(member.size)
    if not seen:
        raise DataError("an empty archive", where=tarball)


def _reader(stream: IO[bytes], tarball: Path) -> Callable[[int], bytes]:
    """Returns the reading of a member; whoever calls it is told of a damaged archive, too."""

    def read(size_bytes: int) -> bytes:
        try:
            return stream.read(size_bytes)
        except _CORRUPT as error:
            raise DataError("corrupt archive", where=tarball, why=str(error)) from None

    return read


def _checked_path(member: tarfile.TarInfo, where: str) -> str:
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise DataError("a link or a device, refused", where=where)
    path = PurePosixPath(member.name)
    parts = path.parts
    if path.is_absolute() or ".." in parts or not (parts or member.isdir()):
        raise DataError("a path outside the folder, refused", where=where)
    name = path.as_posix()
    if "\\" in name or len(os.fsencode(name)) > PATH_LIMIT_BYTES or not name.isprintable():
        raise DataError("an impossible path, refused", where=where)
    return name


def _drain(stream: IO[bytes], tarball: Path) -> None:
    """Reads on to the checksum at the end; only padding may follow the archive."""
    rest = 0
    while chunk := stream.read(CHUNK_BYTES):
        rest += len(chunk)
        if rest > HEADER_LIMIT_BYTES or chunk.strip(b"\0"):
            raise DataError("corrupt archive", where=tarball, why="something follows the end")


def digest_member(
    path: str, size_bytes: int, read: Callable[[int], bytes], sink: IO[bytes] | None = None
) -> FileRecord:
    """Reads a member to its end, into `sink` if there is one, and returns its record.

    Raises:
        DataError: it ends early.
    """
    total = hashlib.sha256()
    left = size_bytes
    while left:
        chunk = read(min(CHUNK_BYTES, left))
        if not chunk:
            raise DataError("corrupt archive", where=path, why="it ends early")
        total.update(chunk)
        if sink is not None:
            sink.write(chunk)
        left -= len(chunk)
    return FileRecord(path, size_bytes, total.hexdigest())


def read_small(
    path: str, size_bytes: int, read: Callable[[int], bytes], limit_bytes: int, where: Path
) -> bytes:
    """Returns the content of a member that has to be small.

    Raises:
        DataError: it is larger than `limit_bytes`.
    """
    if size_bytes > limit_bytes:
        raise DataError(f"{path} has {size_bytes:,} bytes, more than {limit_bytes:,}", where=where)
    content = io.BytesIO()
    digest_member(path, size_bytes, read, content)
    return content.getvalue()


def extract(
    tarball: Path, folder: Path, *, size_limit_bytes: int = SIZE_LIMIT_BYTES
) -> list[FileRecord]:
    """Unpacks a tar.gz into an empty folder, each file fsynced; returns the files' records.

    Permissions, owners and times of the archive are ignored.

    Raises:
        DataError: as `read_members`.
        OSError: the disk is full, or the folder cannot be written.
    """
    records = []
    for path, size_bytes, read in read_members(tarball, size_limit_bytes=size_limit_bytes):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as sink:
            records.append(digest_member(path, size_bytes, read, sink))
            sink.flush()
            os.fsync(sink.fileno())
    return records
