"""What is installed, what is missing, and what to type: the checks of ``maestro doctor``."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from arqon_maestro import languages
from arqon_maestro.compiled import COMPILED
from arqon_maestro.errors import MaestroError, MissingPartError
from arqon_maestro.library import Library
from arqon_maestro.models.keys import MODEL_KEYS, code_key, speech_key
from arqon_maestro.models.verify import verify_folder
from arqon_maestro.models.version import installed_version
from arqon_maestro.speech_engine.acoustic.bundle import embedded_bundle

PACKAGE = "arqon-maestro"
OLDEST_PYTHON = (3, 11)
# A disk with less room is named before a long run finds out.
LEAST_FREE_BYTES = 2 * 2**30
SPEAKER = "flite"

_REQUIREMENT = re.compile(r"([A-Za-z0-9_.-]+)\s*([^;]*?)\s*(?:;\s*(.*))?")
_BOUND = re.compile(r"(==|>=|<=|<|>|!=)\s*([0-9][0-9.]*)")
_EXTRA = re.compile(r"""extra == ["']([\w-]+)["']""")
_COMPARE: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "==": lambda have, want: have == want,
    "!=": lambda have, want: have != want,
    ">=": lambda have, want: have >= want,
    "<=": lambda have, want: have <= want,
    ">": lambda have, want: have > want,
    "<": lambda have, want: have < want,
}


class Status(StrEnum):
    """How a part is."""

    FINE = "fine"
    MISSING = "missing"  # needed, and not there or not usable
    ABSENT = "absent"  # not there; something can't be done without it
    DAMAGED = "damaged"  # there, but not what it promises to be


@dataclass(frozen=True)
class Check:
    """The outcome of one check.

    Attributes:
        part: what was looked at.
        status: how it is.
        found: what is there, such as a version.
        remedy: what to type; empty if all is fine.
    """

    part: str
    status: Status
    found: str
    remedy: str = ""


def diagnose(library: Library, checkout: Path | None) -> list[Check]:
    """Returns all checks, the needed parts first.

    Args:
        library: the library root; need not exist.
        checkout: the checkout; None if there is none.
    """
    return [
        check_python(),
        check_checkout(checkout),
        *check_wheels(requires(PACKAGE) or ()),
        check_acoustic_model(),
        *check_library(library.root),
        *check_models(library),
        *check_grammars(),
        check_compiled(),
        check_speaker(),
    ]


def check_python() -> Check:
    """Checks the version of the running Python."""
    oldest = ".".join(map(str, OLDEST_PYTHON))
    fine = sys.version_info >= OLDEST_PYTHON
    remedy = "" if fine else f"make PYTHON=python{oldest} setup"
    return Check(
        f"Python >={oldest}",
        Status.FINE if fine else Status.MISSING,
        platform.python_version(),
        remedy,
    )


def check_checkout(checkout: Path | None) -> Check:
    """Checks that there is a checkout, with its configuration."""
    if checkout is None:
        return Check(
            "checkout", Status.MISSING, "not found", "export ARQON_MAESTRO_SOURCE_ROOT=<checkout>"
        )
    return Check("checkout", Status.FINE, str(checkout))


def check_compiled() -> Check:
    """Checks whether CorpusGen runs compiled, which is faster and makes the same."""
    if COMPILED:
        return Check("compiled CorpusGen", Status.FINE, "in use")
    return Check("compiled CorpusGen", Status.ABSENT, "not made, or out of date", "make setup")


def check_wheels(requirements: Iterable[str]) -> list[Check]:
    """Compares the installed wheels with what the package asks for.

    Args:
        requirements: as in a wheel's metadata; extras but the developers' are optional.
    """
    checks = []
    for requirement in requirements:
        parsed = _REQUIREMENT.fullmatch(requirement)
        if parsed is None:
            continue
        name, bounds, marker = parsed.groups()
        extra = _EXTRA.search(marker or "")
        if extra is None:
            checks.append(_wheel(name, bounds, Status.MISSING, "make setup"))
        elif extra[1] != "dev":
            remedy = f".venv/bin/pip install -c constraints.txt -e '.[{extra[1]}]'"
            checks.append(_wheel(name, bounds, Status.ABSENT, remedy))
    return checks


def _wheel(name: str, bounds: str, otherwise: Status, remedy: str) -> Check:
    part = f"wheel {name}{bounds}"
    try:
        have = version(name)
    except PackageNotFoundError:
        return Check(part, otherwise, "not installed", remedy)
    fine = all(
        _COMPARE[operator](*_padded(_numbers(have), _numbers(wanted)))
        for operator, wanted in _BOUND.findall(bounds)
    )
    return Check(part, Status.FINE if fine else otherwise, have, "" if fine else remedy)


def _numbers(text: str) -> tuple[int, ...]:
    """Returns a version's numbers; ``+cpu`` and the like do not count."""
    return tuple(int(number) for number in re.findall(r"\d+", text.split("+")[0]))


def _padded(one: Sequence[int], other: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    length = max(len(one), len(other))
    return (
        (*one, *[0] * (length - len(one))),
        (*other, *[0] * (length - len(other))),
    )


def check_acoustic_model() -> Check:
    """Checks the embedded acoustic model."""
    try:
        return Check("acoustic model", Status.FINE, embedded_bundle().reference)
    except MissingPartError as error:
        return Check("acoustic model", Status.MISSING, error.what, "make setup")


def check_library(root: Path) -> list[Check]:
    """Checks that the library root can be written, and has room."""
    existing = next(path for path in (root, *root.parents) if path.exists())
    writable = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    checks = [
        Check(
            "library root",
            Status.FINE if writable else Status.MISSING,
            f"{root}{'' if root.exists() else ' (to be made)'}",
            "" if writable else "export ARQON_MAESTRO_LIBRARY_ROOT=<a folder that can be written>",
        )
    ]
    free = shutil.disk_usage(existing).free
    roomy = free >= LEAST_FREE_BYTES
    checks.append(
        Check(
            "disk space",
            Status.FINE if roomy else Status.MISSING,
            f"{free / 2**30:.1f} GiB free",
            "" if roomy else f"free {LEAST_FREE_BYTES / 2**30:.0f} GiB below {existing}",
        )
    )
    return checks


def check_models(library: Library) -> list[Check]:
    """Checks the installed models, and that those which `maestro try` needs are there."""
    checks = []
    for key in MODEL_KEYS:
        folder = key.folder(library)
        installed = installed_version(folder)
        if installed is None:
            continue
        try:
            checked = verify_folder(folder)
            problems = list(checked.problems)
        except MaestroError as error:
            problems = [error.what]
        if problems:
            remedy = f"maestro models install {folder}/{installed}.tar.gz"
            checks.append(Check(f"model {key}", Status.DAMAGED, "; ".join(problems), remedy))
        else:
            checks.append(Check(f"model {key}", Status.FINE, installed))
    for key in (
        speech_key("export"),
        code_key("transcript-parser", "default"),
        code_key("auto-style", "python"),
    ):
        if installed_version(key.folder(library)) is None:
            checks.append(Check(f"model {key}", Status.ABSENT, "not installed", "make train"))
    return checks


def check_grammars() -> list[Check]:
    """Checks the grammar wheels of the languages that have one."""
    checks = []
    for language in languages.every():
        wheel = language.wheel
        if wheel is None:
            continue
        remedy = f".venv/bin/pip install -c constraints.txt {wheel}"
        checks.append(_wheel(wheel, "", Status.ABSENT, remedy))
    return checks


def check_speaker() -> Check:
    """Checks for the program that speaks fresh test sentences."""
    found = shutil.which(SPEAKER)
    if found is None:
        return Check(SPEAKER, Status.ABSENT, "not installed", "apt-get install flite")
    return Check(SPEAKER, Status.FINE, found)
