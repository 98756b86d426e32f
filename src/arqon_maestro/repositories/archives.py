"""Reads the files of an archive without unpacking it: nothing of it is ever written to disk.

tar (plain, gz, bz2, xz, zstd), zip (also wheels and jars) and Debian's deb, told by their first
bytes. Absolute paths, ``..``, links and devices are counted and left out; archives that expand
beyond the limits are refused.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from arqon_maestro.errors import DataError
from arqon_maestro.repositories.records import CountReject, Member, Wanted

CHUNK_BYTES = 1 << 16
AR_HEADER_BYTES = 60
TAR_MAGIC_OFFSET = 257


@dataclass(frozen=True)
class ArchiveLimits:
    """How far an archive may expand.

    Attributes:
        member_bytes: larger files inside are counted and left out.
        total_bytes: bytes of the whole archive, expanded.
        members: number of entries.
        ratio: expanded to compressed size, looked at once `ratio_from_bytes` are expanded.
        ratio_from_bytes: smaller archives may have any ratio.
    """

    member_bytes: int = 16 << 20
    total_bytes: int = 4 << 30
    members: int = 1_000_000
    ratio: float = 300
    ratio_from_bytes: int = 64 << 20


_ERRORS = (
    tarfile.TarError,
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    UnicodeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)
"""What the readers of the standard library raise on damaged input."""


def read_members(
    path: Path,
    wanted: Wanted,
    reject: CountReject,
    *,
    strip_root: bool,
    limits: ArchiveLimits | None = None,
) -> Iterator[Member]:
    """Yields the wanted regular files of an archive, in the archive's order.

    Args:
        path: the archive.
        wanted: is asked about each path.
        reject: told the reason for each entry that is unsafe or too large.
        strip_root: leave out the one folder that holds everything, if there is one.
        limits: default limits if None.

    Raises:
        DataError: no archive of a known kind, damaged, or beyond the limits.
    """
    limits = limits or ArchiveLimits()
    try:
        root = _common_root(path, limits) if strip_root else ""
        for entry in _entries(path, limits):
            name = _safe_name(entry.name, reject)
            if not name or entry.kind == "folder":
                continue
            if root:
                name = name.removeprefix(root)
            if not wanted(name):
                continue
            if entry.kind != "file":
                reject("link-or-device")
            elif entry.size > limits.member_bytes:
                reject("too-large")
            else:
                yield Member(name, entry.read())
    except _ERRORS as error:
        raise DataError(
            "the archive cannot be read",
            where=path,
            why=f"{type(error).__name__}: {error}",
            remedy="delete it and fetch again",
        ) from None


# --- entries -------------------------------------------------------------------------------------


class _Entry(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def kind(self) -> str: ...
    def read(self) -> bytes: ...


@dataclass(frozen=True)
class _TarEntry:
    archive: tarfile.TarFile
    info: tarfile.TarInfo

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def size(self) -> int:
        return self.info.size

    @property
    def kind(self) -> str:
        if self.info.isdir():
            return "folder"
        return "file" if self.info.isreg() and not self.info.issparse() else "other"

    def read(self) -> bytes:
        stream = self.archive.extractfile(self.info)
        data = stream.read() if stream else b""
        if len(data) != self.info.size:
            raise EOFError(f"{self.info.name} is cut short")
        return data


@dataclass(frozen=True)
class _ZipEntry:
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    spend: _Meter

    @property
    def name(self) -> str:
        return self.info.filename

    @property
    def size(self) -> int:
        return self.info.file_size

    @property
    def kind(self) -> str:
        if self.info.is_dir():
            return "folder"
        mode = self.info.external_attr >> 16
        return "file" if not mode or stat.S_IFMT(mode) in (0, stat.S_IFREG) else "other"

    def read(self) -> bytes:
        with self.archive.open(self.info) as stream:
            data = stream.read(self.info.file_size + 1)
        if len(data) != self.info.file_size:
            raise ValueError(f"{self.info.filename} is not as long as it says")
        self.spend.add(len(data))
        return data


def _entries(path: Path, limits: ArchiveLimits) -> Iterator[_Entry]:
    meter = _Meter(path, limits)
    with ExitStack() as stack:
        stream = stack.enter_context(open(path, "rb"))
        magic = stream.read(TAR_MAGIC_OFFSET + 5)
        stream.seek(0)
        if magic.startswith(b"PK"):
            archive = stack.enter_context(zipfile.ZipFile(stream))
            for info in archive.infolist():
                meter.count()
                yield _ZipEntry(archive, info, meter)
            return
        source: IO[bytes] = stream
        if magic.startswith(b"!<arch>\n"):
            source = _deb_data(stream)
            magic = source.read(TAR_MAGIC_OFFSET + 5)
            source.seek(0)
        expanded = stack.enter_context(_expand(source, magic, path))
        metered = cast(IO[bytes], _MeteredStream(expanded, meter))
        tar = stack.enter_context(tarfile.open(fileobj=metered, mode="r|"))
        for member in tar:
            meter.count()
            yield _TarEntry(tar, member)
            # The reader keeps every header it has seen; a stream never goes back to them.
            tar.members = []  # type: ignore[attr-defined]


@contextmanager
def _expand(stream: IO[bytes], magic: bytes, path: Path) -> Iterator[IO[bytes]]:
    if magic.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=stream) as expanded:
            yield cast(IO[bytes], expanded)
    elif magic.startswith(b"\xfd7zXZ\0"):
        with lzma.LZMAFile(stream) as lzma_file:
            yield cast(IO[bytes], lzma_file)
    elif magic.startswith(b"BZh"):
        with bz2.BZ2File(stream) as bz2_file:
            yield cast(IO[bytes], bz2_file)
    elif magic.startswith(b"\x28\xb5\x2f\xfd"):
        import pyarrow as pa

        with pa.CompressedInputStream(stream, "zstd") as zstd_file:
            yield zstd_file
    elif magic[TAR_MAGIC_OFFSET:].startswith(b"ustar"):
        yield stream
    else:
        raise DataError(
            "not an archive of a known kind",
            where=path,
            why="known are tar (gz, bz2, xz, zstd), zip and deb",
        )


class _Slice(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, stream: IO[bytes], start: int, size: int) -> None:
        self.stream, self.start, self.size, self.at = stream, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        self.at = max(0, base + offset)
        return self.at

    def readinto(self, buffer: Any) -> int:
        self.stream.seek(self.start + self.at)
        data = self.stream.read(max(0, min(len(buffer), self.size - self.at)))
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)


def _deb_data(stream: IO[bytes]) -> IO[bytes]:
    """Returns the member ``data.tar.*`` of an ``ar`` archive (deb(5))."""
    at = len(b"!<arch>\n")
    while True:
        stream.seek(at)
        header = stream.read(AR_HEADER_BYTES)
        if len(header) < AR_HEADER_BYTES or header[58:] != b"`\n":
            raise ValueError("no data.tar in the package")
        size = int(header[48:58])
        if size < 0:
            raise ValueError("a member of negative size")
        if header[:16].strip().startswith(b"data.tar"):
            part = _Slice(stream, at + AR_HEADER_BYTES, size)
            return io.BufferedReader(part, CHUNK_BYTES)
        at += AR_HEADER_BYTES + size + size % 2


# --- limits --------------------------------------------------------------------------------------


class _Meter:
    """Counts what an archive expands to, and stops at the limits."""

    def __init__(self, path: Path, limits: ArchiveLimits) -> None:
        self.path, self.limits = path, limits
        self.compressed = max(1, path.stat().st_size)
        self.expanded = 0
        self.members = 0

    def count(self) -> None:
        self.members += 1
        if self.members > self.limits.members:
            self._stop(f"more than {self.limits.members:,} entries")

    def add(self, size: int) -> None:
        self.expanded += size
        if self.expanded > self.limits.total_bytes:
            self._stop(f"more than {self.limits.total_bytes:,} bytes")
        ratio = self.expanded / self.compressed
        if self.expanded > self.limits.ratio_from_bytes and ratio > self.limits.ratio:
            self._stop(f"more than {self.limits.ratio:,.0f} times its size")

    def _stop(self, why: str) -> None:
        raise DataError(
            "the archive expands beyond the limits",
            where=self.path,
            why=why,
            remedy="unpack it yourself, look at it, and add the folder",
        )


class _MeteredStream:
    def __init__(self, stream: IO[bytes], meter: _Meter) -> None:
        self.stream, self.meter = stream, meter

    def read(self, size: int = -1) -> bytes:
        # A header may ask for gigabytes at once: read no more than the meter has looked at.
        pieces = []
        left = size if size >= 0 else self.meter.limits.total_bytes + 1
        while left > 0:
            piece = self.stream.read(min(left, CHUNK_BYTES))
            if not piece:
                break
            self.meter.add(len(piece))
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)


# --- names ---------------------------------------------------------------------------------------

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


def _safe_name(name: str, reject: CountReject) -> str:
    """Returns a relative POSIX path, or an empty string for one that is counted as unsafe."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        reject("path-not-utf8")
        return ""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if _ABSOLUTE.match(name) or ".." in parts or _CONTROL.search(name):
        reject("unsafe-path")
        return ""
    return "/".join(parts)


def _common_root(path: Path, limits: ArchiveLimits) -> str:
    """Returns ``folder/`` if one folder holds everything, else an empty string."""
    root = ""
    for entry in _entries(path, limits):
        name = _safe_name(entry.name, lambda _: None)
        if not name:
            continue
        top, slash, _ = name.partition("/")
        if root not in ("", top) or (not slash and entry.kind != "folder"):
            return ""
        root = top
    return f"{root}/" if root else ""
