"""Installing: the old version serves until the new one is whole."""

from __future__ import annotations

import errno
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.library import Library
from arqon_maestro.models import install as room
from arqon_maestro.models.install import install, require_installed, swap
from arqon_maestro.models.keys import code_key
from arqon_maestro.models.registry import library_registry
from arqon_maestro.models.tarball import Packed
from arqon_maestro.models.verify import verify

KEY = code_key("auto-style", "python")


class Killed(BaseException):
    """Stands for a signal that nothing catches."""


def weights(library: Library) -> bytes:
    return (KEY.folder(library) / "model.npz").read_bytes()


def partials(library: Library) -> list[Path]:
    return sorted(library.root.rglob(".*partial*"))


def test_install(packed: Packed, library: Library) -> None:
    done = install(packed.path, library)
    assert (done.key, done.version, done.changed, done.warnings) == (KEY, packed.version, True, ())
    names = sorted(entry.name for entry in done.folder.iterdir())
    assert names == sorted(
        ["v", "manifest.json", "MODEL_CARD.md", "graph", "model.npz", packed.path.name]
    )
    assert verify(done.folder).problems == ()
    assert verify(done.folder).warnings == ()
    assert library_registry(library).version(KEY) == packed.version
    assert partials(library) == []
    assert require_installed(library, KEY) == done.folder


def test_the_present_version_is_left_alone(packed: Packed, library: Library) -> None:
    folder = install(packed.path, library).folder
    before = folder.stat().st_ino
    assert not install(packed.path, library).changed
    assert folder.stat().st_ino == before
    (folder / "model.npz").write_bytes(b"damaged")
    assert install(packed.path, library).changed
    assert verify(folder).problems == ()


def test_a_newer_version_takes_the_place(packed: Packed, other: Packed, library: Library) -> None:
    install(packed.path, library)
    folder = install(other.path, library).folder
    assert weights(library) == b"better weights"
    # The earlier tarball stays, so that one can go back.
    assert sorted(p.name for p in folder.glob("*.tar.gz")) == sorted(
        [packed.path.name, other.path.name]
    )
    install(folder / packed.path.name, library)
    assert weights(library) == b"weights"
    assert library_registry(library).version(KEY) == packed.version


def test_a_tarball_that_lies_in_its_place(packed: Packed, library: Library) -> None:
    place = KEY.folder(library)
    place.mkdir(parents=True)
    moved = Path(shutil.move(packed.path, place))
    assert install(moved, library).changed
    assert (place / packed.path.name).is_file()


def test_the_tarball_of_another_is_copied(packed: Packed, library: Library) -> None:
    folder = install(packed.path, library).folder
    packed.path.write_bytes(b"overwritten by its owner")
    assert verify(folder / packed.path.name).problems == ()


STEPS = ["extract", "verify_folder", "_bring", "swap", "record_installed"]


@pytest.mark.parametrize("step", STEPS)
def test_killed_between_steps(
    step: str, packed: Packed, other: Packed, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(packed.path, library)

    def killed(*arguments: object, **named: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(room, step, killed)
        # A killed process cleans nothing up.
        patch.setattr(room.shutil, "rmtree", lambda *arguments, **named: None)
        with pytest.raises(Killed):
            install(other.path, library)
    expected = b"better weights" if step == "record_installed" else b"weights"
    assert weights(library) == expected
    assert verify(KEY.folder(library)).problems == ()
    install(other.path, library)
    assert weights(library) == b"better weights"
    assert library_registry(library).version(KEY) == other.version
    assert partials(library) == []


def test_killed_within_the_swap_without_exchange(
    packed: Packed, other: Packed, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(packed.path, library)
    rename, count = os.rename, 0

    def second_fails(source: Path, target: Path) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise Killed
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(room, "_exchange", lambda one, other: False)
        patch.setattr(room.os, "rename", second_fails)
        patch.setattr(room.shutil, "rmtree", lambda *arguments, **named: None)
        with pytest.raises(Killed):
            install(other.path, library)
    assert not KEY.folder(library).exists()
    # The old version comes back before anything else is tried.
    with pytest.raises(DataError):
        broken = other.path.with_name(f"{'a' * 40}.tar.gz")
        broken.write_bytes(other.path.read_bytes())
        install(broken, library)
    assert weights(library) == b"weights"


@pytest.mark.parametrize("exchange", [True, False])
def test_swap(exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not exchange:
        monkeypatch.setattr(room, "_exchange", lambda one, other: False)
    for name in ("fresh", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    swap(tmp_path / "fresh", tmp_path / "old")
    assert [entry.name for entry in (tmp_path / "old").iterdir()] == ["fresh"]
    assert [entry.name for entry in (tmp_path / "fresh").iterdir()] == ["old"]


def test_a_full_disk(
    packed: Packed, other: Packed, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(packed.path, library)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(room, "extract", full)
    with pytest.raises(WorkFailedError, match="the disk is full"):
        install(other.path, library)
    assert weights(library) == b"weights"
    assert partials(library) == []
    assert library_registry(library).version(KEY) == packed.version


def test_a_library_that_is_a_file(packed: Packed, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkFailedError, match="cannot be installed"):
        install(packed.path, Library(tmp_path / "file"))


def reference_archive(folder: Path, name: str, *, with_v: bool = True) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.npz").write_bytes(b"theirs")
    path = folder / name
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder / "model.npz", "./model.npz")
        if with_v:
            (folder / "v").write_text("b" * 40 + "\n")
            archive.add(folder / "v", "./v")
    return path


def test_an_archive_of_the_reference(library: Library, tmp_path: Path) -> None:
    done = install(reference_archive(tmp_path / "a", f"{'b' * 40}.tar.gz"), library, KEY)
    assert done.version == "b" * 40
    assert "no manifest" in done.warnings[0]
    assert "no manifest" in verify(done.folder).warnings[0]
    assert weights(library) == b"theirs"


def test_an_archive_without_a_version(library: Library, tmp_path: Path) -> None:
    named = reference_archive(tmp_path / "a", f"{'c' * 40}.tar.gz", with_v=False)
    assert install(named, library, KEY).version == "c" * 40
    assert (KEY.folder(library) / "v").read_text().strip() == "c" * 40
    nameless = reference_archive(tmp_path / "b", "model.tar.gz", with_v=False)
    with pytest.raises(DataError, match="without a version"):
        install(nameless, library, KEY)
    with pytest.raises(DataError, match="does not say which model"):
        install(nameless, library)


def test_files_that_a_user_of_the_model_keeps_beside_it(packed: Packed, library: Library) -> None:
    folder = install(packed.path, library).folder
    (folder / "converted.bin").write_bytes(b"cache")
    checked = verify(folder)
    assert checked.problems == ()
    assert checked.warnings == ("converted.bin: not in the manifest",)


def test_what_is_not_installed(library: Library) -> None:
    with pytest.raises(MissingPartError, match="auto-style/python is not installed"):
        require_installed(library, KEY)
