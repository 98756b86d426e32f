"""Files that are never half-written: temporary name, fsync, rename; digests; JSON.

A reader sees either the old file or the new one, whatever kills the writer.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO, cast

from arqon_maestro.errors import DataError, MissingPartError, UsageError

TEMPORARY_MARK = ".partial-"


def fsync_folder(folder: Path) -> None:
    """Makes a rename inside `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(temporary: Path, path: Path) -> None:
    """Renames `temporary` over `path`, a file or a folder, durably.

    A folder that is in the way is moved aside first and removed afterwards.
    """
    if temporary.is_dir() and path.exists():
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name}{TEMPORARY_MARK}", dir=path.parent))
        os.rename(path, aside / path.name)
        os.rename(temporary, path)
        fsync_folder(path.parent)
        shutil.rmtree(aside, ignore_errors=True)
        return
    os.replace(temporary, path)
    fsync_folder(path.parent)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Gives an empty folder to write; it takes the place of `path` if the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = f".{path.absolute().name}{TEMPORARY_MARK}"
    folder = Path(tempfile.mkdtemp(prefix=name, dir=path.absolute().parent))
    try:
        folder.chmod(0o755)
        yield folder
        fsync_tree(folder)
        replace(folder, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def require_own_folder(path: Path, names: Collection[str]) -> None:
    """Checks that nobody loses anything if a folder is replaced.

    Args:
        path: a folder to write, there or not.
        names: the files and folders that one of its kind has.

    Raises:
        UsageError: it is a file, or it holds something else.
    """
    remedy = "name a folder that is not there yet"
    if path.exists() and not path.is_dir():
        raise UsageError("a file, where a folder is to be written", where=path, remedy=remedy)
    entries = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
    others = [name for name in entries if name not in names and TEMPORARY_MARK not in name]
    if others:
        raise UsageError(
            "a folder with other things in it, which would be lost",
            where=path,
            why=others[0] + (f" and {len(others) - 1} more" if len(others) > 1 else ""),
            remedy=remedy,
        )


@contextmanager
def atomic_binary(path: Path) -> Iterator[BinaryIO]:
    """Opens `path` for writing; it appears only if the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}{TEMPORARY_MARK}", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield cast(BinaryIO, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_text(path: Path) -> Iterator[TextIO]:
    """As `atomic_binary`, for UTF-8 text with ``\\n`` line ends; gzip if the name ends ``.gz``."""
    with atomic_binary(path) as stream:
        if path.suffix == ".gz":
            # No time stamp and no name in the header: the same text gives the same bytes.
            with (
                gzip.GzipFile(
                    filename="", mode="wb", fileobj=stream, mtime=0, compresslevel=6
                ) as z,
                io.TextIOWrapper(cast(IO[bytes], z), encoding="utf-8", newline="\n") as text,
            ):
                yield text
        else:
            wrapper = io.TextIOWrapper(stream, encoding="utf-8", newline="\n")
            yield wrapper
            wrapper.flush()
            wrapper.detach()


def copy_file(source: Path, path: Path) -> None:
    """Copies a file's content, atomically."""
    with open(source, "rb") as reading, atomic_binary(path) as writing:
        shutil.copyfileobj(reading, writing)


def write_json(path: Path, value: Any) -> None:
    """Writes `value` as indented JSON, atomically."""
    with atomic_text(path) as stream:
        json.dump(value, stream, indent=1, ensure_ascii=False, sort_keys=False)
        stream.write("\n")


def write_compact_json(path: Path, value: Any) -> None:
    """Writes `value` as JSON on one line, atomically; for large values, many times quicker."""
    with atomic_text(path) as stream:
        stream.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        stream.write("\n")


def read_json(path: Path) -> Any:
    """Reads JSON.

    Raises:
        MissingPartError: there is no such file.
        DataError: it is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError("not a JSON file", where=path, why=str(error)) from None


class _Unzipped(gzip.GzipFile):
    """A gzip file whose damage is told with its name, wherever it is read."""

    def read1(self, size: int = -1) -> bytes:
        try:
            return super().read1(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError("a damaged gzip file", where=self.name, why=str(error)) from None


def open_text(path: Path) -> TextIO:
    """Opens UTF-8 text for reading, gzip included, with strict decoding and ``\\n`` only.

    Raises:
        MissingPartError: there is no such file.
        DataError: it is a folder; while it is read: damaged gzip.
    """
    try:
        if path.suffix == ".gz":
            unzipped = cast(IO[bytes], _Unzipped(path, "rb"))
            return io.TextIOWrapper(unzipped, encoding="utf-8", newline="\n")
        return open(path, encoding="utf-8", newline="\n")
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    except IsADirectoryError:
        raise DataError("a folder, where a file was expected", where=path) from None


def text_lines(path: Path) -> Iterator[str]:
    """Yields the lines of UTF-8 text, gzip included, with their ends.

    Raises:
        MissingPartError: there is no such file.
        DataError: a folder, damaged gzip, or bytes that are not UTF-8.
    """
    with open_text(path) as stream:
        try:
            yield from stream
        except UnicodeDecodeError as error:
            raise DataError("not UTF-8 text", where=path, why=str(error)) from None


def sha256_file(path: Path) -> str:
    """Returns the SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fsync_tree(path: Path) -> None:
    """Makes a file, or every file and folder below a folder, durable."""
    if path.is_dir():
        for entry in path.iterdir():
            fsync_tree(entry)
        fsync_folder(path)
        return
    with open(path, "rb") as stream:
        os.fsync(stream.fileno())


def digest(path: Path, *, ignore: Collection[str] = ()) -> str:
    """Returns a SHA-256 over a file, or over a folder's names and contents (sorted).

    Temporary files, and those directly in the folder whose name is in `ignore`, don't count.
    """
    if path.is_file():
        return sha256_file(path)
    if not path.is_dir():
        raise MissingPartError("no such file or folder", where=path)
    total = hashlib.sha256()
    for entry in sorted(path.rglob("*")):
        if entry.parent == path and entry.name in ignore:
            continue
        if entry.is_file() and TEMPORARY_MARK not in entry.name:
            name = entry.relative_to(path).as_posix().encode("utf-8", "surrogateescape")
            total.update(name + b"\0" + bytes.fromhex(sha256_file(entry)))
    return total.hexdigest()


def digest_value(value: Any) -> str:
    """Returns the SHA-256 of a JSON-able value, independent of the order of keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
