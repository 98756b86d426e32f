from __future__ import annotations

from pathlib import Path

import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.repositories.licences import (
    header_refused,
    identifiers,
    is_licence_text,
    needs_attribution,
    normal_name,
    recognise,
    refusal,
    verify,
)

ROOT = Path(__file__).parents[2]
NO_WARRANTY = 'THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND.'
MIT = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this\n"
    "software, to deal in it without restriction.\n\nThe above copyright notice and this\n"
    f"permission notice shall be included in all copies.\n{NO_WARRANTY}"
)
BSD_HEAD = (
    "Redistribution and use in source and binary forms, with or without modification, are "
    "permitted: retain the above notice, this list of conditions and the following disclaimer. "
)
BSD_3 = BSD_HEAD + "Neither the name may be used to endorse or promote products."
ISC = (
    "Permission to use, copy, modify, and/or distribute this software for any purpose with or "
    "without fee is hereby granted"
)


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0", True),
        ("PSF-2.0", True),
        ("Apache-2.0+", True),
        ("MIT OR Apache-2.0", True),
        ("MIT AND (BSD-3-Clause OR Zlib)", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("Ruby OR BSD-2-Clause", True),
        ("Ruby AND BSD-2-Clause", False),
        ("mit or Apache-2.0", True),
        ("MPL-2.0", False),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-2.0-or-later", False),
        ("MIT AND LGPL-2.1-only", False),
        ("AGPL-3.0-or-later", False),
        ("Apache-2.0 WITH Classpath-exception-2.0", False),
        ("LicenseRef-Proprietary", False),
    ],
)
def test_which_expressions_allow_training(expression: str, allowed: bool) -> None:
    assert (refusal(expression) == "") is allowed


@pytest.mark.parametrize(
    "text", ["", "MIT OR", "(MIT", "MIT)", "AND", "MIT Apache-2.0", "MIT & ISC", "WITH", "()"]
)
def test_what_is_no_expression_is_an_error(text: str) -> None:
    with pytest.raises(DataError):
        refusal(text)


def test_identifiers_in_order_and_once() -> None:
    assert identifiers("(MIT OR Zlib) AND MIT AND Apache-2.0 WITH LLVM-exception") == (
        *("MIT", "Zlib"),
        "Apache-2.0",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ((ROOT / "LICENSE").read_text("utf-8"), "Apache-2.0"),
        (MIT, "MIT"),
        (MIT.upper().replace(" ", "\n   "), "MIT"),
        (MIT.split("The above")[0], "MIT-0"),
        (BSD_3, "BSD-3-Clause"),
        (BSD_HEAD, "BSD-2-Clause"),
        (BSD_3 + " All advertising materials mentioning features", "BSD-4-Clause"),
        (
            ISC + ", if the above copyright notice and this permission notice appear in all copies",
            "ISC",
        ),
        (ISC + ".", "0BSD"),
        ("GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007 ...", "GPL-3.0-only"),
        ("GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991 ...", "GPL-2.0-only"),
        ("GNU LESSER GENERAL PUBLIC LICENSE Version 2.1, February 1999", "LGPL-2.1-only"),
        ("GNU Affero General Public License Version 3, 19 November 2007", "AGPL-3.0-only"),
        ("This is free and unencumbered software released into the public domain.", "Unlicense"),
        ("All rights reserved.", None),
        ("", None),
    ],
)
def test_texts_are_recognised(text: str, expected: str | None) -> None:
    assert recognise(text) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("LICENSE", True),
        ("LICENCE.md", True),
        ("COPYING.txt", True),
        ("LICENSE-MIT", True),
        ("x.dist-info/licenses/LICENSE", True),
        ("debian/copyright", True),
        ("a/b/c/LICENSE", False),
        ("licenses.py", False),
        ("license.go", False),
        ("README", False),
    ],
)
def test_names_of_licence_texts(path: str, expected: bool) -> None:
    assert is_licence_text(path) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Expat", "MIT"),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("BSD  3-Clause", "BSD-3-Clause"),
        ("MIT/X11", "MIT"),
        ("Whatever", "Whatever"),
    ],
)
def test_names_in_metadata(name: str, expected: str) -> None:
    assert normal_name(name) == expected


def test_a_package_has_to_confirm_what_is_declared() -> None:
    confirmed = verify("MIT", [("LICENSE", "MIT"), ("sub/LICENSE", "GPL-3.0-only")])
    assert confirmed.accepted
    assert confirmed.confirmed_by == ("LICENSE",)
    assert verify("MIT OR Apache-2.0", [("LICENSE-MIT", "MIT")]).accepted
    for evidence in (
        [],
        [("LICENSE", "Apache-2.0")],
        [("LICENSE", "GPL-3.0-only"), ("package.json", "MIT")],
        [("package.json", "SEE LICENSE IN EULA")],
    ):
        verdict = verify("MIT", evidence)
        assert not verdict.accepted
        assert verdict.why


def test_the_word_of_an_owner_is_enough_unless_the_folder_says_otherwise() -> None:
    assert verify("MIT", [], required=False).accepted
    assert verify("MIT", [("vendored/LICENSE", "Apache-2.0")], required=False).accepted
    assert not verify("MIT", [("LICENSE", "Apache-2.0")], required=False).accepted


def test_a_refused_licence_is_refused_whatever_the_files_say() -> None:
    assert not verify("GPL-3.0-only", [("LICENSE", "GPL-3.0-only")]).accepted


def test_attribution() -> None:
    assert needs_attribution("MIT")
    assert needs_attribution("CC0-1.0 AND BSD-4-Clause")
    assert not needs_attribution("CC0-1.0 OR Unlicense")


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("# SPDX-License-Identifier: GPL-2.0-only\n", True),
        ("/* This is under the GNU General Public License. */", True),
        (" * the GNU Lesser\n * General Public License", True),
        ("// SPDX-License-Identifier: MIT\n", False),
        ("# GNU Emacs users\n", False),
        ("x = 1\n" * 2000 + "# GNU General Public License", False),
    ],
)
def test_heads_of_files(text: str, refused: bool) -> None:
    assert header_refused(text) is refused
