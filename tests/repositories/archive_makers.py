"""Archives for tests, made in memory: tar, zip and deb with any entries, honest or hostile."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Iterable, Mapping


def tar_bytes(files: Mapping[str, bytes], extra: Iterable[tarfile.TarInfo] = ()) -> bytes:
    """A plain tar of `files`, then `extra` headers without content."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in extra:
            archive.addfile(info)
    return stream.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A link, device or other entry that is no file."""
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """A zip of `files`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def deb_bytes(files: Mapping[str, bytes]) -> bytes:
    """A Debian package whose data are `files`."""
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": lzma.compress(tar_bytes({"./control": b"Package: x\n"})),
        "data.tar.xz": lzma.compress(tar_bytes({f"./{name}": d for name, d in files.items()})),
    }
    out = b"!<arch>\n"
    for name, data in parts.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        out += data + b"\n" * (len(data) % 2)
    return out


FORMATS = {
    "x.tar": tar_bytes,
    "x.tar.gz": lambda files: gzip.compress(tar_bytes(files)),
    "x.tar.bz2": lambda files: bz2.compress(tar_bytes(files)),
    "x.tar.xz": lambda files: lzma.compress(tar_bytes(files)),
    "x.zip": zip_bytes,
    "x.deb": deb_bytes,
}
"""File name to maker, for every kind of archive."""
