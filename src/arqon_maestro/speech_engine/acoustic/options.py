"""Kaldi's configuration files, ``mfcc.conf`` and the like: one ``--option=value`` a line."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from arqon_maestro.errors import ConfigurationError, DataError, MissingPartError, did_you_mean

Record = TypeVar("Record")
_TRUE = frozenset({"true", "t", "1", ""})
_FALSE = frozenset({"false", "f", "0"})


def read_options(path: Path) -> dict[str, str]:
    """Reads a configuration file as Kaldi's `ParseOptions::ReadConfigFile` does.

    ``#`` begins a comment, blank lines don't count, an option without a value is ``true``, and of
    an option given twice the last counts. Underscores in a name stand for hyphens.

    Returns:
        option, without the hyphens before it, to its value as text.

    Raises:
        MissingPartError: no such file.
        DataError: not UTF-8.
        ConfigurationError: a line that is not an option.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    except UnicodeDecodeError as error:
        raise DataError("not UTF-8 text", where=path, why=str(error)) from None
    options: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        name, _, value = content.removeprefix("--").partition("=")
        if not content.startswith("--") or not name or name != name.strip():
            raise ConfigurationError(
                f"{content!r} is not an option", where=f"{path}:{number}", remedy="--option=value"
            )
        options[name.replace("_", "-")] = value.strip()
    return options


def parse_options(
    record: type[Record], options: Mapping[str, str], where: object, ignored: frozenset[str]
) -> Record:
    """Makes a record of options; its fields are their names, with underscores.

    Args:
        record: a dataclass whose fields are `bool`, `int`, `float` or `str`, with defaults.
        options: name to value, see `read_options`.
        where: named in errors.
        ignored: options that Kaldi knows and that change nothing here.

    Raises:
        ConfigurationError: an unknown option, or a value of another type.
    """
    defaults = {
        field.name.replace("_", "-"): field.default
        for field in dataclasses.fields(record)  # type: ignore[arg-type]
    }
    values: dict[str, Any] = {}
    for name, text in options.items():
        if name in ignored:
            continue
        if name not in defaults:
            raise ConfigurationError(
                f"unknown option --{name}", where=where, why=did_you_mean(name, defaults)
            )
        values[name.replace("-", "_")] = _value(name, text, type(defaults[name]), where)
    return record(**values)


def _value(name: str, text: str, kind: type, where: object) -> bool | int | float | str:
    if kind is bool:
        lowered = text.lower()
        if lowered in _TRUE | _FALSE:
            return lowered in _TRUE
    elif kind is str:
        return text
    else:
        try:
            return int(text) if kind is int else float(text)
        except ValueError:
            pass
    raise ConfigurationError(f"--{name}={text} is not a {kind.__name__}", where=where)
