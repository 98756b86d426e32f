"""Languages are found by name, by ending, by first line; bad data is refused."""

from __future__ import annotations

import pytest

from arqon_maestro import languages
from arqon_maestro.errors import ConfigurationError, UsageError
from arqon_maestro.languages import Language, Layout

FOURTEEN = "bash cplusplus csharp dart default go html java javascript kotlin python ruby rust scss"


def test_there_are_fourteen() -> None:
    assert languages.names() == FOURTEEN.split()
    assert [language.name for language in languages.every()] == FOURTEEN.split()


def test_an_unknown_name_is_met_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'python'"):
        languages.get("pyhton")


@pytest.mark.parametrize(
    ("path", "first_line", "name"),
    [
        ("a/b.py", "", "python"),
        ("a/b.PY", "", "python"),
        ("a.ts", "", "javascript"),
        ("a.tsx", "", "javascript"),
        ("a.css", "", "scss"),
        ("a.h", "", "cplusplus"),
        ("a.c", "", "cplusplus"),
        ("a.md", "", "default"),
        ("run", "#!/bin/sh", "bash"),
        ("run", "#! /usr/bin/env python3.11", "python"),
        ("run", "#!/usr/bin/env -S LC_ALL=C node --harmony", "javascript"),
        ("run", "#!/usr/bin/env", None),
        ("run", "#!", None),
        ("run", "hello", None),
        ("Rakefile", "", "ruby"),
        ("a.xyz", "#!/bin/sh", None),
    ],
)
def test_of_path(path: str, first_line: str, name: str | None) -> None:
    found = languages.of_path(path, first_line)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Bad Name"},
        {"extensions": ("py",)},
        {"indentation": "x"},
        {"usual_style": "SNAKE"},
        {"additions": "prolog"},
        {"rejected_extensions": {"c": "C source"}},
        {"spoken_symbols": {"+": ("Plus!",)}},
    ],
)
def test_bad_data_is_refused(wrong: dict[str, object]) -> None:
    values: dict[str, object] = {"name": "x", "title": "X", "extensions": (".x",)}
    with pytest.raises(ConfigurationError):
        Language(**{**values, **wrong})  # type: ignore[arg-type]


def test_a_bad_layout_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        Layout("a wide gap", "page", {"block": ("function",)})
