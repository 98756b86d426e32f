"""models.yaml: which version of each model is in use; read strictly, changed one value at a time.

There are two such files, of one format:

* ``config/models.yaml`` in the checkout is the shared list of pins. Only an explicit act changes
  it: ``maestro models use TARBALL``.
* ``models/models.yaml`` in the library root says what is installed *here*. `install` writes it,
  so that ``maestro train`` never dirties the checkout. Null there means: nothing recorded, the
  pin counts.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from arqon_maestro.artifacts import atomic_text
from arqon_maestro.errors import ConfigurationError, MissingPartError
from arqon_maestro.library import Library
from arqon_maestro.models.keys import MODEL_KEYS, ModelKey, key_hint
from arqon_maestro.models.version import is_version

EMBEDDED = "embedded"
ACOUSTIC_MODEL = ModelKey(("speech-engine", "acoustic-model"))
URL_KEY = ("url",)
URL_SCHEMES = ("http://", "https://", "file://")
NULLS = ("", "null", "~")

# Written plainly, such a version would be a number to a YAML reader.
NUMBER_LIKE = re.compile(r"[0-9]+(e[0-9]+)?")

LIBRARY_HEADER = """\
# What is installed in this library root; written by `maestro models install` and `maestro train`.
# null: nothing recorded here, the version in config/models.yaml of the checkout counts.
"""


@dataclass(frozen=True)
class Registry:
    """The content of a models.yaml: a version, ``embedded`` or None per key, and the base URL."""

    versions: Mapping[ModelKey, str | None]
    url: str | None = None

    def version(self, key: ModelKey) -> str | None:
        return self.versions.get(key)


def library_registry_path(library: Library) -> Path:
    """Returns the library's own models.yaml."""
    return library.models / "models.yaml"


def read_registry(path: Path) -> Registry:
    """Reads a models.yaml; a key that is left out is None.

    Raises:
        MissingPartError: there is no such file.
        ConfigurationError: not YAML, an unknown or repeated key, a value that is no version; all
            such errors at once.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError("not UTF-8 text", where=path, why=str(error)) from None
    return parse_registry(text, path)


def parse_registry(text: str, where: object) -> Registry:
    """As `read_registry`, for text; `where` names it in errors."""
    scalars, problems = _scalars(text, where)
    versions: dict[ModelKey, str | None] = dict.fromkeys(MODEL_KEYS)
    url: str | None = None
    for path, node in scalars.items():
        value = None if node.style is None and node.value in NULLS else str(node.value)
        line = node.start_mark.line + 1
        dotted = ".".join(path)
        if path == URL_KEY:
            url = value
            if value is not None and not value.startswith(URL_SCHEMES):
                allowed = ", ".join(URL_SCHEMES)
                problems.append(f"line {line}: url is {value!r}; it starts with one of {allowed}")
            continue
        key = ModelKey(path)
        if key not in versions:
            problems.append(f"line {line}: unknown key {dotted!r}: {key_hint(path)}")
        elif value is None or is_version(value) or (key == ACOUSTIC_MODEL and value == EMBEDDED):
            versions[key] = value
        else:
            problems.append(
                f"line {line}: {dotted} is {value!r}; a version is 40 hexadecimal digits or null"
            )
    if problems:
        raise ConfigurationError("; ".join(problems), where=where)
    return Registry(versions, url)


def library_registry(library: Library) -> Registry:
    """Returns what is recorded as installed in a library; nothing if there is no record."""
    path = library_registry_path(library)
    return read_registry(path) if path.is_file() else Registry(dict.fromkeys(MODEL_KEYS))


def set_version(path: Path, key: ModelKey, version: str | None) -> None:
    """Changes one value of an existing models.yaml, atomically; comments and order stay."""
    if (
        version is not None
        and not is_version(version)
        and (key, version)
        != (
            ACOUSTIC_MODEL,
            EMBEDDED,
        )
    ):
        raise ConfigurationError(f"{version!r} is no version", where=".".join(key.parts))
    with folder_lock(path.parent):
        before = read_registry(path)
        text = path.read_text(encoding="utf-8")
        edited = _edited(text, key, version)
        after = parse_registry(edited, path)
        expected = {**before.versions, key: version}
        if dict(after.versions) != expected or after.url != before.url:
            raise ConfigurationError(
                f"cannot set {'.'.join(key.parts)} without changing something else",
                where=path,
                remedy="write the file in the shape of the one in the repository",
            )
        with atomic_text(path) as stream:
            stream.write(edited)


def record_installed(library: Library, key: ModelKey, version: str) -> None:
    """Records an installed version in the library's own models.yaml, made where it is missing."""
    path = library_registry_path(library)
    path.parent.mkdir(parents=True, exist_ok=True)
    with folder_lock(path.parent):
        if not path.is_file():
            with atomic_text(path) as stream:
                stream.write(dump_registry(Registry({}), LIBRARY_HEADER))
    set_version(path, key, version)


def dump_registry(registry: Registry, header: str = "") -> str:
    """Returns a models.yaml with every key, in the fixed order."""
    lines = [f"url: {_scalar(registry.url)}"]
    opened: tuple[str, ...] = ()
    for key in MODEL_KEYS:
        for depth, part in enumerate(key.parts[:-1]):
            if opened[: depth + 1] != key.parts[: depth + 1]:
                lines.append("  " * depth + part + ":")
                opened = key.parts[: depth + 1]
        depth = len(key.parts) - 1
        lines.append(f"{'  ' * depth}{key.parts[-1]}: {_scalar(registry.version(key))}")
    return header + "\n".join(lines) + "\n"


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Holds an exclusive lock on a folder, so that two processes do not change it at once."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _scalar(value: str | None) -> str:
    if value is None:
        return "null"
    return f"'{value}'" if NUMBER_LIKE.fullmatch(value) else value


def _compose(text: str, where: object) -> yaml.MappingNode:
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise ConfigurationError(
            "not YAML", where=where, why=" ".join(str(error).split())
        ) from None
    if not isinstance(node, yaml.MappingNode):
        raise ConfigurationError("not a mapping of keys to versions", where=where)
    return node


def _scalars(text: str, where: object) -> tuple[dict[tuple[str, ...], yaml.ScalarNode], list[str]]:
    found: dict[tuple[str, ...], yaml.ScalarNode] = {}
    problems: list[str] = []

    def walk(node: yaml.Node, path: tuple[str, ...]) -> None:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            found[path] = node
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for name, value in node.value:
                if not isinstance(name, yaml.ScalarNode):
                    problems.append(f"line {name.start_mark.line + 1}: a key is not a word")
                elif name.value in seen:
                    dotted = ".".join((*path, name.value))
                    problems.append(f"line {name.start_mark.line + 1}: {dotted!r} stands twice")
                else:
                    seen.add(name.value)
                    walk(value, (*path, name.value))
        else:
            problems.append(f"line {line}: {'.'.join(path)!r} is a list")

    walk(_compose(text, where), ())
    # A group without entries (`auto-style:`) reads as an empty scalar: nothing is set there.
    groups = {key.parts[:depth] for key in MODEL_KEYS for depth in range(1, len(key.parts))}
    for path in [path for path in found if path in groups and found[path].value in NULLS]:
        del found[path]
    return found, problems


def _edited(text: str, key: ModelKey, version: str | None) -> str:
    node: yaml.Node = _compose(text, "models.yaml")
    for depth, part in enumerate(key.parts):
        if not isinstance(node, yaml.MappingNode):
            # A group without entries: the rest of the key becomes its value.
            return _replaced(text, node, _flow(key.parts[depth:], version))
        entries = {name.value: value for name, value in node.value}
        if part not in entries:
            return _inserted(text, node, key.parts[depth:], version)
        node = entries[part]
    return _replaced(text, node, _scalar(version))


def _replaced(text: str, node: yaml.Node, value: str) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    blank = "" if text[start - 1 : start].isspace() else " "
    return f"{text[:start]}{blank}{value}{text[end:]}"


def _inserted(
    text: str, parent: yaml.MappingNode, parts: tuple[str, ...], version: str | None
) -> str:
    value = _scalar(version) if len(parts) == 1 else _flow(parts[1:], version)
    entry = f"{parts[0]}: {value}"
    if parent.flow_style:
        end = parent.end_mark.index - 1
        comma = ", " if parent.value else ""
        return f"{text[:end].rstrip()}{comma}{entry}{text[end:]}"
    # A block mapping: a new first line, with the indentation of its present first key.
    first = parent.value[0][0].start_mark
    indentation = " " * first.column
    return f"{text[: first.index]}{entry}\n{indentation}{text[first.index :]}"


def _flow(parts: tuple[str, ...], version: str | None) -> str:
    value = _scalar(version)
    for part in reversed(parts):
        value = f"{{{part}: {value}}}"
    return value
