from __future__ import annotations

import gzip
import io
import random
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import DataError
from arqon_maestro.repositories.archives import ArchiveLimits, read_members

from .archive_makers import FORMATS, deb_bytes, special, tar_bytes, zip_bytes

Maker = Callable[[Mapping[str, bytes]], bytes]
NAMES = st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5}){0,2}\.py", fullmatch=True)


def read(
    path: Path,
    data: bytes,
    *,
    strip_root: bool = False,
    limits: ArchiveLimits | None = None,
    wanted: str = "",
) -> tuple[dict[str, bytes], Counter[str]]:
    path.write_bytes(data)
    rejects: Counter[str] = Counter()
    found = read_members(
        path,
        lambda name: name.endswith(wanted),
        lambda reason: rejects.update([reason]),
        strip_root=strip_root,
        limits=limits,
    )
    return {member.path: member.data for member in found}, rejects


@pytest.mark.parametrize("name", sorted(FORMATS))
@settings(max_examples=15, deadline=None)
@given(files=st.dictionaries(NAMES, st.binary(max_size=300), min_size=1, max_size=5))
def test_every_kind_gives_back_what_was_put_in(
    name: str, files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("archive") / name
    assert read(path, FORMATS[name](files)) == (files, Counter())


def test_zstd_as_new_debian_packages_have_it(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with pa.CompressedOutputStream(stream, "zstd") as compressed:
        compressed.write(tar_bytes({"a.py": b"a = 1\n"}))
        compressed.flush()
        data = stream.getvalue() if not stream.closed else b""
    data = data or pa.compress(tar_bytes({"a.py": b"a = 1\n"}), "zstd", asbytes=True)
    assert read(tmp_path / "x", data)[0] == {"a.py": b"a = 1\n"}


def test_the_kind_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    assert read(tmp_path / "x.zip", gzip.compress(tar_bytes({"a": b"1"})))[0] == {"a": b"1"}


def test_only_what_is_wanted_is_read(tmp_path: Path) -> None:
    files = {"a.py": b"1", "b.bin": b"\0" * 100}
    for name, make in FORMATS.items():
        assert read(tmp_path / name, make(files), wanted=".py")[0] == {"a.py": b"1"}


@pytest.mark.parametrize("make", [tar_bytes, zip_bytes])
@pytest.mark.parametrize(
    ("names", "stripped"),
    [
        (["p-1/a.py", "p-1/vendor/b.py"], ["a.py", "vendor/b.py"]),
        (["./p-1/a.py", "p-1/b.py"], ["a.py", "b.py"]),
        (["a.py", "p/b.py"], ["a.py", "p/b.py"]),
        (["p/a.py", "q/b.py"], ["p/a.py", "q/b.py"]),
    ],
)
def test_the_one_root_folder_is_left_out(
    tmp_path: Path, make: Maker, names: list[str], stripped: list[str]
) -> None:
    data = make(dict.fromkeys(names, b"1"))
    assert sorted(read(tmp_path / "x", data, strip_root=True)[0]) == stripped


@pytest.mark.parametrize("name", ["../up.py", "a/../../up.py", "a\\..\\b.py", "a/\x01.py"])
@pytest.mark.parametrize("make", [tar_bytes, zip_bytes, deb_bytes])
def test_unsafe_names_are_counted_and_left_out(tmp_path: Path, make: Maker, name: str) -> None:
    found, rejects = read(tmp_path / "x", make({"good.py": b"1", name: b"2"}))
    assert list(found) == ["good.py"]
    assert rejects == {"unsafe-path": 1}


@pytest.mark.parametrize("name", ["/absolute.py", "C:/windows.py", "c:file.py"])
@pytest.mark.parametrize("make", [tar_bytes, zip_bytes])
def test_absolute_names_are_counted_and_left_out(tmp_path: Path, make: Maker, name: str) -> None:
    found, rejects = read(tmp_path / "x", make({"good.py": b"1", name: b"2"}))
    assert list(found) == ["good.py"]
    assert rejects == {"unsafe-path": 1}


def test_links_and_devices_are_counted_and_left_out(tmp_path: Path) -> None:
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    extra = [special(f"e{i}.py", kind, "/etc/passwd") for i, kind in enumerate(kinds)]
    found, rejects = read(tmp_path / "x", tar_bytes({"a.py": b"1"}, extra))
    assert list(found) == ["a.py"]
    assert rejects == {"link-or-device": len(kinds)}


def test_a_link_in_a_zip_is_left_out(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("link.py")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    assert read(tmp_path / "x", stream.getvalue()) == ({}, Counter({"link-or-device": 1}))


def test_large_members_are_counted(tmp_path: Path) -> None:
    limits = ArchiveLimits(member_bytes=10)
    for name, make in FORMATS.items():
        data = make({"a.py": b"x" * 10, "b.py": b"x" * 11})
        found, rejects = read(tmp_path / name, data, limits=limits)
        assert (list(found), rejects) == (["a.py"], {"too-large": 1})


@pytest.mark.parametrize(
    "limits",
    [
        ArchiveLimits(total_bytes=100_000),
        ArchiveLimits(members=2),
        ArchiveLimits(ratio=50, ratio_from_bytes=1000),
    ],
)
@pytest.mark.parametrize("name", ["x.tar.gz", "x.zip", "x.deb"])
def test_bombs_are_refused(tmp_path: Path, name: str, limits: ArchiveLimits) -> None:
    data = FORMATS[name]({f"{i}.py": b"0" * 60_000 for i in range(4)})
    with pytest.raises(DataError, match="beyond the limits"):
        read(tmp_path / name, data, limits=limits)


def test_a_header_that_asks_for_gigabytes_is_refused_early(tmp_path: Path) -> None:
    header = special("x", tarfile.XHDTYPE)
    header.size = 7 << 30
    data = gzip.compress(header.tobuf(tarfile.USTAR_FORMAT) + b"\0" * 3_000_000)
    limits = ArchiveLimits(total_bytes=1_000_000)
    with pytest.raises(DataError, match="beyond the limits"):
        read(tmp_path / "x", data, limits=limits)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_damage_is_an_error_never_a_crash(tmp_path: Path, name: str) -> None:
    whole = FORMATS[name]({f"{i}.py": random.Random(i).randbytes(2_000) for i in range(5)})
    expected, _ = read(tmp_path / name, whole)
    chance = random.Random(0)
    errors = 0
    for _ in range(60):
        data = bytearray(whole[: chance.randrange(len(whole))])
        if data and chance.random() < 0.5:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        try:
            found, _ = read(tmp_path / name, bytes(data))
        except DataError as error:
            errors += 1
            assert str(tmp_path / name) in str(error)
        else:
            assert len(found) <= len(expected)
    assert errors > 20


@pytest.mark.parametrize("data", [b"", b"hello", b"\x1f\x8b", b"PK\x03\x04", b"!<arch>\n", b"BZh"])
def test_what_is_no_archive_is_an_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DataError):
        read(tmp_path / "x", data)
