from __future__ import annotations

import pytest

from arqon_maestro.repositories.evidence import debian_licences, is_evidence, read_evidence

DEP5 = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: thing

Files: *
Copyright: 2020 A. Person
License: Expat

Files: src/gpl/*
 src/also.c
Copyright: 2020 Another
License: GPL-2+
 On Debian systems the text is elsewhere.

Files: debian/*
Copyright: 2021 Packager
License: Apache-2.0 or Expat
"""


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("package.json", '{"license": "MIT"}', ["MIT"]),
        ("package.json", '{"license": {"type": "ISC"}}', ["ISC"]),
        ("package.json", '{"license": "SEE LICENSE IN x"}', []),
        ("package.json", "{", []),
        ("package.json", "[]", []),
        (
            "a.dist-info/METADATA",
            "Name: a\nLicense-Expression: MIT OR Zlib\n\nText",
            ["MIT OR Zlib"],
        ),
        ("PKG-INFO", "License: BSD License\n", ["BSD-3-Clause"]),
        ("PKG-INFO", "Classifier: License :: OSI Approved :: MIT License\n", ["MIT"]),
        ("Cargo.toml", '[package]\nlicense = "MIT/Apache-2.0"\n', ["MIT OR Apache-2.0"]),
        ("pyproject.toml", '[project]\nlicense = {text = "MIT"}\n', ["MIT"]),
        ("pyproject.toml", "[project", []),
        ("debian/copyright", DEP5, ["MIT"]),
        ("LICENSE", "some words", []),
        ("a/b/package.json", '{"license": "MIT"}', []),
    ],
)
def test_what_files_say(path: str, text: str, expected: list[str]) -> None:
    assert read_evidence(path, text.encode()) == [(path, licence) for licence in expected]


def test_what_is_no_evidence() -> None:
    assert not is_evidence("src/main.py")
    assert is_evidence("usr/share/doc/thing/copyright")
    assert read_evidence("LICENSE", b"\xff\xfe" * 10) == []


def test_licences_by_file() -> None:
    stated = debian_licences(DEP5)
    assert stated.main == "MIT"
    assert stated.of("src/main.c") == "MIT"
    assert stated.of("debian/rules") == "Apache-2.0 OR MIT"
    assert stated.allows("src/main.c")
    assert not stated.allows("src/gpl/x.c")
    assert not stated.allows("usr/lib/thing/src/gpl/x.c")
    assert not stated.allows("src/also.c")


def test_another_copyright_file_states_nothing() -> None:
    assert debian_licences("It was downloaded from somewhere.").allows("any.c")
