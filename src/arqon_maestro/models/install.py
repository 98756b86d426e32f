"""Installing a tarball: check, unpack beside, fsync, swap. The old version serves until then."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.artifacts import TEMPORARY_MARK, atomic_binary, fsync_folder
from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.library import Library
from arqon_maestro.models.extraction import extract
from arqon_maestro.models.keys import ModelKey, key_of_folder, parse_key
from arqon_maestro.models.registry import folder_lock, record_installed
from arqon_maestro.models.tarball import read_label
from arqon_maestro.models.verify import verify_folder, verify_tarball
from arqon_maestro.models.version import (
    ARCHIVE_SUFFIX,
    VERSION_NAME,
    installed_version,
    is_tarball,
    version_in_name,
)

# renameat2(2), Linux 3.15: two paths change places in one step.
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(frozen=True)
class Installed:
    """A model that is in place.

    Attributes:
        changed: False if this version was there already, whole.
        warnings: what could not be checked, such as an archive without a manifest.
    """

    key: ModelKey
    version: str
    folder: Path
    changed: bool
    warnings: tuple[str, ...] = ()


def key_of_tarball(tarball: Path) -> ModelKey:
    """Returns which model a tarball is: by its manifest, or by the folder it lies in.

    Raises:
        DataError: neither tells.
    """
    manifest = read_label(tarball).manifest
    key = parse_key(manifest.model) if manifest else key_of_folder(tarball.absolute().parent)
    if key is None:
        raise DataError(
            "it does not say which model it is",
            where=tarball,
            why="no manifest, and not below models/<path>",
            remedy="maestro models install --model code-engine/export/auto-style/python TARBALL",
        )
    return key


def install(tarball: Path, library: Library, key: ModelKey | None = None) -> Installed:
    """Installs a tarball in a library and records its version there.

    It is unpacked beside the present files and checked against its manifest; only then do the two
    folders change places. The tarball, and those of earlier versions, lie beside the files
    afterwards. If this version is there already and whole, the tarball is only checked.

    Args:
        tarball: ours or the reference's (which has no manifest; said in `warnings`).
        key: which model it is; by default what `key_of_tarball` says.

    Raises:
        MissingPartError: there is no such tarball.
        DataError: corrupt, hostile, or another model than `key`.
        IntegrityError: not what its manifest or its name promises.
        WorkFailedError: the disk is full or cannot be written; nothing has changed.
    """
    key = key or key_of_tarball(tarball)
    label = read_label(tarball)
    if label.manifest is not None and label.manifest.model != key.path:
        raise DataError(f"a model for {label.manifest.model}, not for {key}", where=tarball)
    if label.version is None:
        raise DataError(
            "an archive without a version",
            where=tarball,
            why=f"no {VERSION_NAME} in it",
            remedy=f"rename it to <version>{ARCHIVE_SUFFIX}, with 40 hexadecimal digits",
        )
    folder = key.folder(library)
    with _disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder_lock(folder.parent):
            _recover(folder)
            done = _whole(folder, key, label.version)
            if done is None:
                done = _replace(tarball, library, key, label.version)
            elif tarball.absolute().parent != folder.absolute():
                verify_tarball(tarball).require_sound(tarball)
                _bring(tarball, folder / f"{label.version}{ARCHIVE_SUFFIX}", library.root)
        record_installed(library, key, label.version)
    return done


def require_installed(library: Library, key: ModelKey) -> Path:
    """Returns the folder of an installed model.

    Raises:
        MissingPartError: it is not installed.
    """
    folder = key.folder(library)
    if installed_version(folder) is None:
        raise MissingPartError(
            f"the model {key} is not installed",
            where=folder,
            remedy="maestro train --test-mode, or maestro models download --url URL",
        )
    return folder


def _whole(folder: Path, key: ModelKey, version: str) -> Installed | None:
    if installed_version(folder) != version:
        return None
    checked = verify_folder(folder)
    if checked.problems or checked.manifest is None:
        return None
    return Installed(key, version, folder, False, checked.warnings)


def _replace(tarball: Path, library: Library, key: ModelKey, version: str) -> Installed:
    folder = key.folder(library)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}{TEMPORARY_MARK}", dir=folder.parent))
    try:
        extract(tarball, fresh)
        if not (fresh / VERSION_NAME).is_file():
            (fresh / VERSION_NAME).write_text(f"{version}\n", encoding="ascii")
        checked = verify_folder(fresh, name_version=version_in_name(tarball))
        checked.require_sound(tarball)
        _bring(tarball, fresh / f"{version}{ARCHIVE_SUFFIX}", library.root)
        for earlier in sorted(folder.iterdir()) if folder.is_dir() else []:
            if is_tarball(earlier) and not (fresh / earlier.name).exists():
                _bring(earlier, fresh / earlier.name, library.root)
        os.chmod(fresh, 0o755)
        for entry in sorted(fresh.rglob("*")):
            if entry.is_dir():
                fsync_folder(entry)
        fsync_folder(fresh)
        swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Installed(key, version, folder, True, checked.warnings)


def _bring(tarball: Path, target: Path, library_root: Path) -> None:
    """Puts a tarball at `target`.

    One of the library gets a second name, which costs no space; one from outside is copied, as
    its owner may write to it.
    """
    if target.exists():
        return
    if tarball.resolve().is_relative_to(library_root.resolve()):
        with contextlib.suppress(OSError):  # a file system without hard links
            os.link(tarball, target)
            return
    with open(tarball, "rb") as source, atomic_binary(target) as sink:
        shutil.copyfileobj(source, sink)


def swap(fresh: Path, folder: Path) -> None:
    """Puts `fresh` in the place of `folder`; the old content is afterwards at `fresh`, if any.

    On Linux a reader sees either the one or the other at every moment. Elsewhere the old folder
    is moved aside first; if the process dies in between, the next `install` brings it back.
    """
    if not folder.exists():
        os.rename(fresh, folder)
    elif not _exchange(fresh, folder):
        aside = _aside(folder)
        os.rename(folder, aside)
        os.rename(fresh, folder)
        os.rename(aside, fresh)
    fsync_folder(folder.parent)


def _exchange(one: Path, other: Path) -> bool:
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    if renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(other))


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}{TEMPORARY_MARK}aside")


def _recover(folder: Path) -> None:
    """Undoes what a killed `install` left; the caller holds the lock, so none is running."""
    aside = _aside(folder)
    if aside.is_dir() and not folder.exists():
        os.rename(aside, folder)
    for left in sorted(folder.parent.glob(f".{folder.name}{TEMPORARY_MARK}*")):
        shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise WorkFailedError(
            "the disk is full" if full else "the model cannot be installed",
            where=error.filename or folder,
            why=error.strerror or str(error),
            remedy=f"free some space below {folder.parent}" if full else "maestro doctor",
        ) from error
