"""The running Python's standard library: real source code, on every machine, without a network.

Each top-level module or package is a repository of its own (``python-3.11/json``), so that the
split holds whole modules out; a private accelerator's twin (``_pydecimal``) belongs to the module
that it implements. Left out: ``test`` and other test packages (close to half of the bytes, present
on some distributions only), code table modules and what a build generated.
"""

from __future__ import annotations

import platform
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from arqon_maestro.errors import MissingPartError
from arqon_maestro.repositories.providers.local_folder import read_folder
from arqon_maestro.repositories.records import CountReject, Member, Package, Wanted

LICENCE = "PSF-2.0"
TEST_FOLDERS = frozenset({"test", "tests", "idle_test"})
INSTALLED_FOLDERS = frozenset({"site-packages", "dist-packages", "__pycache__", "lib-dynload"})
BUILT_PREFIXES = ("config-", "_sysconfigdata", "__phello__")
TWINS = {"_pydecimal": "decimal", "_pydatetime": "datetime", "_pyio": "io", "_pylong": "int"}
"""Modules in Python whose public name is another module's."""


def packages(root: Path | None = None, version: str | None = None) -> Iterator[Package]:
    """Yields the standard library's modules, sorted, as one package each.

    Args:
        root: the folder of the library; default: the running Python's.
        version: default: the running Python's.

    Raises:
        MissingPartError: there is no Python source (a frozen or stripped installation).
    """
    folder = root or Path(sysconfig.get_path("stdlib"))
    version = version or platform.python_version()
    prefix = "python-" + ".".join(version.split(".")[:2])
    modules: dict[str, list[Path]] = {}
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _is_module(entry):
            modules.setdefault(_module_name(entry), []).append(entry)
    if not modules:
        raise MissingPartError(
            "no Python source of the standard library",
            where=folder,
            why="this Python was installed without it",
            remedy="maestro repositories add <a folder of Python code> --language python",
        )
    for name in sorted(modules):
        yield Package(
            repository=f"{prefix}/{name}",
            version=version,
            licence=LICENCE,
            provenance=f"pkg:generic/cpython@{version}#Lib/{name}",
            members=_Reader(folder, tuple(modules[name])),
            evidence_required=False,
        )


class _Reader:
    """Reads the files of one module."""

    def __init__(self, folder: Path, entries: tuple[Path, ...]) -> None:
        self.folder, self.entries = folder, entries

    def __call__(self, wanted: Wanted, reject: CountReject) -> Iterator[Member]:
        for entry in self.entries:
            if entry.is_dir():
                for member in read_folder(entry, wanted, reject):
                    *folders, _ = member.path.split("/")
                    if TEST_FOLDERS.intersection(folders):
                        reject("standard-library-test")
                    else:
                        yield Member(f"{entry.name}/{member.path}", member.data)
            elif wanted(entry.name):
                yield Member(entry.name, entry.read_bytes())


def _is_module(entry: Path) -> bool:
    name = entry.name
    if name in INSTALLED_FOLDERS or name in TEST_FOLDERS or name.startswith(BUILT_PREFIXES):
        return False
    if entry.is_dir():
        return (entry / "__init__.py").is_file()
    return entry.suffix == ".py"


def _module_name(entry: Path) -> str:
    name = entry.stem if entry.is_file() else entry.name
    return TWINS.get(name) or name.strip("_") or name
