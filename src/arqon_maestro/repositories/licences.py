"""Which licences allow training, and whether a package really has the one that it declares.

The allow-list is data (``data/licences.yaml``). A declared licence counts only if the archive's
own files confirm it: a licence text known by its fingerprint, or the package's metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from arqon_maestro.errors import DataError

HEADER_CHARACTERS = 3_000


@dataclass(frozen=True)
class Verdict:
    """Whether a package may be used.

    Attributes:
        accepted: it may.
        licence: the declared SPDX expression.
        confirmed_by: the paths of the files that confirm it, sorted.
        why: the reason of a refusal, else empty.
    """

    accepted: bool
    licence: str
    confirmed_by: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class _Rules:
    allowed: dict[str, bool]
    exceptions: frozenset[str]
    copyleft: tuple[str, ...]
    synonyms: dict[str, str]
    fingerprints: tuple[tuple[str, tuple[str, ...]], ...]
    text_name: re.Pattern[str]
    refused_header: re.Pattern[str]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    text = files("arqon_maestro.repositories").joinpath("data/licences.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return _Rules(
        allowed={entry["id"]: entry.get("attribution", False) for entry in data["allowed"]},
        exceptions=frozenset(data["exceptions"]),
        copyleft=tuple(data["copyleft_prefixes"]),
        synonyms=data["synonyms"],
        fingerprints=tuple((f["id"], tuple(f["phrases"])) for f in data["fingerprints"]),
        text_name=re.compile(rf"(?:{'|'.join(data['text_names'])})\Z", re.IGNORECASE),
        refused_header=re.compile("|".join(data["refused_headers"])),
    )


# --- expressions ---------------------------------------------------------------------------------

_TOKEN = re.compile(r"\s*([()]|[A-Za-z0-9.+:-]+)")
_Node = tuple[str, Any]


def _parse(expression: str) -> _Node:
    tokens = _TOKEN.findall(expression)
    if not tokens or "".join(tokens) != re.sub(r"\s+", "", expression):
        raise DataError(f"not an SPDX licence expression: {expression!r}")
    position = 0

    def peek() -> str:
        return tokens[position].upper() if position < len(tokens) else ""

    def take() -> str:
        nonlocal position
        if position == len(tokens):
            raise DataError(f"the licence expression ends early: {expression!r}")
        position += 1
        return str(tokens[position - 1])

    def primary() -> _Node:
        token = take()
        if token == "(":
            inner = either()
            if take() != ")":
                raise DataError(f"unbalanced brackets in the licence expression {expression!r}")
            return inner
        if token == ")" or token.upper() in ("AND", "OR", "WITH"):
            raise DataError(f"not an SPDX licence expression: {expression!r}")
        if peek() == "WITH":
            take()
            return ("with", (token, take()))
        return ("id", token)

    def both() -> _Node:
        parts = [primary()]
        while peek() == "AND":
            take()
            parts.append(primary())
        return parts[0] if len(parts) == 1 else ("and", parts)

    def either() -> _Node:
        parts = [both()]
        while peek() == "OR":
            take()
            parts.append(both())
        return parts[0] if len(parts) == 1 else ("or", parts)

    tree = either()
    if position != len(tokens):
        raise DataError(f"not an SPDX licence expression: {expression!r}")
    return tree


def identifiers(expression: str) -> tuple[str, ...]:
    """Returns the licence identifiers of an SPDX expression, in order, without exceptions.

    Raises:
        DataError: it is not an SPDX expression.
    """
    found: list[str] = []

    def walk(node: _Node) -> None:
        kind, value = node
        if kind == "id":
            found.append(value)
        elif kind == "with":
            found.append(value[0])
        else:
            for part in value:
                walk(part)

    walk(_parse(expression))
    return tuple(dict.fromkeys(found))


def refusal(expression: str) -> str:
    """Returns why an SPDX expression does not allow training; empty if it does.

    Any GPL-like part refuses the whole; otherwise AND needs every part on the allow-list, OR one.

    Raises:
        DataError: it is not an SPDX expression.
    """
    rules = _rules()
    for name in identifiers(expression):
        if name.upper().startswith(rules.copyleft):
            return f"{name} is copyleft"

    def allowed(node: _Node) -> bool:
        kind, value = node
        if kind == "id":
            return value.removesuffix("+") in rules.allowed
        if kind == "with":
            return value[0] in rules.allowed and value[1] in rules.exceptions
        if kind == "and":
            return all(allowed(part) for part in value)
        return any(allowed(part) for part in value)

    return "" if allowed(_parse(expression)) else f"{expression} is not on the allow-list"


def needs_attribution(expression: str) -> bool:
    """Returns whether copies must carry a notice of who wrote them."""
    rules = _rules()
    return any(rules.allowed.get(name, True) for name in identifiers(expression))


def normal_name(name: str) -> str:
    """Returns the SPDX expression for a licence's name in package metadata, as far as known."""
    clean = " ".join(name.split())
    if spdx := _rules().synonyms.get(clean.lower()):
        return spdx
    # Old crates and gems write `MIT/Apache-2.0` for a choice.
    return re.sub(r"\s*/\s*", " OR ", clean) if re.fullmatch(r"[\w.+-]+/[\w.+-]+", clean) else clean


# --- texts ---------------------------------------------------------------------------------------


def recognise(text: str) -> str | None:
    """Returns the SPDX identifier of a licence's text, or None for an unknown one."""
    folded = re.sub(r"[^a-z0-9]+", " ", text.lower())
    for identifier, phrases in _rules().fingerprints:
        if all(phrase in folded for phrase in phrases):
            return identifier
    return None


def is_licence_text(path: str) -> bool:
    """Returns whether a path, by its name, is a licence's text at the top or one folder down."""
    *folders, name = path.split("/")
    stem = re.sub(r"\.(?:txt|md|rst|html)\Z", "", name, flags=re.IGNORECASE)
    code = re.search(r"\.(?:py|js|ts|go|rs|rb|java|kt|cs|cc|cpp|h|c)\Z", name) is not None
    return len(folders) <= 2 and not code and _rules().text_name.match(stem) is not None


def header_refused(text: str) -> bool:
    """Returns whether a source file's head claims a licence that the package must not hide."""
    return _rules().refused_header.search(text[:HEADER_CHARACTERS]) is not None


def verify(declared: str, evidence: Iterable[tuple[str, str]], *, required: bool = True) -> Verdict:
    """Checks a declared licence against what the package's own files say.

    Args:
        declared: SPDX expression of the source list.
        evidence: pairs of path and the SPDX expression read there.
        required: refuse a package that says nothing itself, or says otherwise anywhere; else only
            what it says at the top counts against the declared licence.

    Raises:
        DataError: `declared` is not an SPDX expression.
    """
    why = refusal(declared)
    if why:
        return Verdict(False, declared, why=why)
    names = {name.upper() for name in identifiers(declared)}
    confirmed: list[str] = []
    said: list[str] = []
    for path, expression in sorted(set(evidence)):
        try:
            found = identifiers(expression)
        except DataError:
            found = (expression,)
        if required or "/" not in path:
            said.append(f"{path} says {expression}")
        if "/" not in path and any(name.upper().startswith(_rules().copyleft) for name in found):
            return Verdict(False, declared, why=f"{path} says {expression}")
        if names.intersection(name.upper() for name in found):
            confirmed.append(path)
    if confirmed:
        return Verdict(True, declared, tuple(confirmed))
    if said:
        return Verdict(False, declared, why="; ".join(said[:3]))
    if required:
        return Verdict(False, declared, why="no licence text or metadata in the package")
    return Verdict(True, declared)
