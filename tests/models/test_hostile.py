"""Archives that lie, leave their folder, or break off."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import DataError, IntegrityError, MaestroError, MissingPartError
from arqon_maestro.library import Library
from arqon_maestro.models.extraction import CHUNK_BYTES, extract, read_members
from arqon_maestro.models.install import install
from arqon_maestro.models.keys import code_key
from arqon_maestro.models.tarball import Packed, pack
from arqon_maestro.models.verify import verify

from .conftest import MODEL, write_model

KEY = code_key("auto-style", "python")
VERSION = "0123456789abcdef0123456789abcdef01234567"
Build = Callable[[tarfile.TarFile], None]


def member(name: str, content: bytes = b"x", **fields: object) -> Build:
    def build(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        for field, value in fields.items():
            setattr(info, field, value)
        archive.addfile(info, io.BytesIO(content) if info.isreg() else None)

    return build


def archive_of(folder: Path, *builds: Build) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{VERSION}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for build in builds:
            build(archive)
    return path


HOSTILE: dict[str, tuple[Build, ...]] = {
    "absolute": (member("/etc/passwd"),),
    "parent": (member("../outside"),),
    "parent inside": (member("a/../../outside"),),
    "backslash": (member("..\\outside"),),
    "control character": (member("a\nb"),),
    "long": (member("a" * 2000),),
    "symlink": (member("l", b"", type=tarfile.SYMTYPE, linkname="/etc"), member("l/x")),
    "hardlink": (member("a"), member("b", b"", type=tarfile.LNKTYPE, linkname="a")),
    "character device": (member("d", b"", type=tarfile.CHRTYPE),),
    "block device": (member("d", b"", type=tarfile.BLKTYPE),),
    "fifo": (member("d", b"", type=tarfile.FIFOTYPE),),
    "twice": (member("a"), member("a")),
    "twice, spelled otherwise": (member("a"), member("./a")),
    "below a file": (member("a"), member("a/b")),
    "empty": (),
    "only the folder itself": (member(".", b"", type=tarfile.DIRTYPE),),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_members_are_refused(name: str, tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    tarball = archive_of(tmp_path / "in", *HOSTILE[name])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError):
        install(tarball, library, KEY)
    left = [path for path in sorted(tmp_path.rglob("*")) if path not in before]
    assert all(path.is_dir() for path in left), left
    assert not KEY.folder(library).exists()
    with pytest.raises(DataError):
        verify(tarball)


def test_a_file_may_not_stand_where_a_folder_is(tmp_path: Path) -> None:
    tarball = archive_of(tmp_path / "in", member("a/b"), member("a"))
    with pytest.raises(MaestroError):
        install(tarball, Library(tmp_path / "library"), KEY)
    assert not KEY.folder(Library(tmp_path / "library")).exists()


def test_size_limit(tmp_path: Path) -> None:
    tarball = archive_of(tmp_path / "in", member("a", bytes(3000)), member("b", bytes(3000)))
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="unpacks to more than 5,000 bytes"):
        extract(tarball, tmp_path / "out", size_limit_bytes=5000)


def test_a_header_cannot_eat_the_memory(tmp_path: Path) -> None:
    # An extended header of 64 MiB: tarfile would read it into memory whole.
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 64 * 2**20
    path = tmp_path / f"{VERSION}.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(header.tobuf())
        stream.write(bytes(header.size))
        stream.write(tarfile.TarInfo("a").tobuf() + bytes(1024))
    with pytest.raises(DataError, match="a header is too large"):
        list(read_members(path))


def test_every_truncation_is_noticed(packed: Packed, tmp_path: Path) -> None:
    content = packed.path.read_bytes()
    for length in range(0, len(content), 7):
        cut = tmp_path / f"cut-{length}.tar.gz"
        cut.write_bytes(content[:length])
        with pytest.raises(DataError):
            verify(cut)


@pytest.fixture
def large(tmp_path: Path) -> Packed:
    """A model of several chunks, so that damage shows only while a member is read."""
    source = write_model(tmp_path / "large", random.Random(1).randbytes(3 * CHUNK_BYTES))
    return pack(source, tmp_path / "out", {"model": MODEL}, "# A model\n")


def test_damage_inside_a_large_member_is_noticed(large: Packed, tmp_path: Path) -> None:
    content = large.path.read_bytes()
    cut, flipped = tmp_path / "cut.tar.gz", tmp_path / "flipped.tar.gz"
    cut.write_bytes(content[: len(content) // 2])
    middle = len(content) // 2
    flipped.write_bytes(content[:middle] + bytes(1000) + content[middle + 1000 :])
    for damaged in (cut, flipped):
        with pytest.raises(DataError, match="corrupt archive") as caught:
            verify(damaged)
        assert caught.value.where == str(damaged)
        with pytest.raises(DataError, match="corrupt archive"):
            install(damaged, Library(tmp_path / "library"), KEY)


def test_a_damaged_tarball_of_what_is_installed_is_noticed(large: Packed, tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    folder = install(large.path, library).folder
    (folder / large.path.name).unlink()
    content = large.path.read_bytes()
    large.path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="corrupt archive"):
        install(large.path, library)
    assert not (folder / large.path.name).exists()


def test_a_folder_of_other_things_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("milk\n")
    assert verify(tmp_path).problems == ("neither v nor manifest.json: this is no model",)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_flipped_byte_is_noticed(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("flip")
    whole = pack(write_model(root / "m", b"weights"), root, {"model": MODEL}, "card")
    before = whole.path.read_bytes()
    content = bytearray(before)
    # The first ten bytes are gzip's header: its time and system are nobody's promise.
    position = data.draw(st.integers(10, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    whole.path.write_bytes(content)
    try:
        checked = verify(whole.path)
    except DataError:
        return
    # A few bits at the end of the compressed stream are padding.
    assert checked.problems or gzip.decompress(content) == gzip.decompress(before)


def test_something_after_the_end(packed: Packed) -> None:
    with open(packed.path, "ab") as stream:
        stream.write(gzip.compress(b"more"))
    with pytest.raises(DataError, match="something follows the end"):
        verify(packed.path)


@pytest.mark.parametrize("content", [b"", b"not an archive", gzip.compress(b"not a tar", mtime=0)])
def test_no_archive_at_all(content: bytes, tmp_path: Path, library: Library) -> None:
    path = tmp_path / f"{VERSION}.tar.gz"
    path.write_bytes(content)
    with pytest.raises(DataError):
        install(path, library, KEY)
    with pytest.raises(MissingPartError):
        install(tmp_path / "nothing.tar.gz", library, KEY)


def repacked(packed: Packed, change: Callable[[str, bytes], bytes | None]) -> Path:
    path = packed.path.with_name("repacked.tar.gz")
    with tarfile.open(packed.path) as old, tarfile.open(path, "w:gz") as new:
        for info in old:
            stream = old.extractfile(info)
            assert stream is not None
            content = change(info.name, stream.read())
            if content is not None:
                member(info.name, content)(new)
    return path


def test_a_changed_file_is_named(packed: Packed, library: Library) -> None:
    path = repacked(packed, lambda name, old: b"WEIGHTS" if name == "model.npz" else old)
    problems = verify(path).problems
    assert problems[0] == "model.npz: the digest is not the promised one"
    with pytest.raises(IntegrityError, match=r"model\.npz"):
        install(path, library)
    assert not KEY.folder(library).exists()


def test_missing_and_additional_files_are_named(packed: Packed) -> None:
    path = repacked(packed, lambda name, old: None if name == "graph/words.txt" else old)
    assert "graph/words.txt: missing" in verify(path).problems
    with tarfile.open(packed.path) as old, tarfile.open(path, "w:gz") as new:
        for info in old:
            new.addfile(info, old.extractfile(info))
        member("stowaway")(new)
    assert "stowaway: not in the manifest" in verify(path).problems


def test_a_changed_manifest_changes_the_version(packed: Packed) -> None:
    path = repacked(packed, lambda name, old: old.replace(b'"scores": {}', b'"scores": {"em": 1}'))
    assert any("the content is version" in problem for problem in verify(path).problems)


def test_a_name_that_lies(packed: Packed, library: Library) -> None:
    lying = packed.path.with_name(f"{VERSION}.tar.gz")
    packed.path.rename(lying)
    assert any("the name of the file" in problem for problem in verify(lying).problems)
    with pytest.raises(IntegrityError, match="the name of the file"):
        install(lying, library)


def test_a_model_of_another_kind(packed: Packed, library: Library) -> None:
    with pytest.raises(DataError, match=r"auto-style/python, not for .*auto-style/go"):
        install(packed.path, library, code_key("auto-style", "go"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("v", b"latest"),
        ("manifest.json", b"{"),
        ("manifest.json", b"[" * 100_000),
        ("manifest.json", b'{"files": 3, "model": "x"}'),
        ("manifest.json", b'{"schema_version": 99, "model": "x"}'),
    ],
)
def test_unreadable_labels(name: str, content: bytes, packed: Packed) -> None:
    path = repacked(packed, lambda member_name, old: content if member_name == name else old)
    with pytest.raises(DataError):
        verify(path)
