from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.repositories.prose import is_prose_source, sentences

PYTHON = '''#!/usr/bin/env python
# Copyright (c) 2020 Somebody. All rights reserved.
"""Reads the settings of a program.

The file is read once.  Later changes of the file (e.g. by an editor)
are not seen.

    >>> load("a.ini")
    {'a': 1}

:param name: the name of the file
"""

import os  # a comment behind code is left out

# First it looks into the folder of the user,
# then into the folder of the system.
PATTERN = """
This triple quoted string is a value, not a docstring, and stays out.
"""

class Reader:
    """Holds the values that :class:`Loader` found in `settings.ini`."""

    def get(self, key):  # noqa
        # x = self.values[key] ** 2
        return self.values[key]
'''


def test_docstrings_and_comments_of_python() -> None:
    assert sentences("a.py", PYTHON) == [
        "Reads the settings of a program.",
        "The file is read once.",
        "Later changes of the file (e.g. by an editor) are not seen.",
        "First it looks into the folder of the user, then into the folder of the system.",
        "Holds the values that Loader found in settings.ini.",
    ]


def test_comments_of_c_like_languages() -> None:
    text = """
/**
 * Returns the number of open files. See {@link File} for more about them.
 * @param path where it looks
 */
int count(char *path) { char *s = "// this is not a comment at all"; }
// A run of lines
// is one sentence here.
"""
    assert sentences("a.java", text) == [
        "Returns the number of open files.",
        "See File for more about them.",
        "A run of lines is one sentence here.",
    ]


def test_markdown() -> None:
    text = """---
title: Not part of the prose here
---
# A heading that is left out

This is the [first](http://example.org/x) sentence of **two** in
this paragraph. Is this the second one?

```python
this is code and not a sentence
```

- The first item of a list ends here.
- The second item, with `code`, ends here.

| a table | is no | prose at all |
<!-- A comment that nobody should see here. -->
"""
    assert sentences("README.md", text) == [
        "This is the first sentence of two in this paragraph.",
        "Is this the second one?",
        "The first item of a list ends here.",
        "The second item, with code, ends here.",
    ]


def test_restructured_text() -> None:
    text = """
A title of this page
====================

Use :func:`os.path.join` to join the parts::

    this literal block is left out

.. note:: This directive is left out too,
   with all of its indented text.

Then go on with the `next part`_ of this text.
"""
    assert sentences("a.rst", text) == [
        "Use os.path.join to join the parts.",
        "Then go on with the next part of this text.",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Too few words.",
        "See https://example.org/ for more about this.",
        "x = y + z in this = line of a file.",
        "Licensed under the Apache License to somebody else.",
        "0 1 2 3 4 5 6 7 8 9 10 11",
        "Größe und Höhe sind keine ASCII Wörter hier.",
        "the_first_name of_the_file is_a_name of_a_thing here_it is_too",
    ],
)
def test_what_is_no_sentence(line: str) -> None:
    assert sentences("a.txt", line) == []


def test_which_files_are_read() -> None:
    assert all(map(is_prose_source, ["a.md", "b/README.rst", "c.py", "d.TS", "e.scss"]))
    assert not any(map(is_prose_source, ["a.html", "b.json", "LICENSE", "c.csv"]))
    assert sentences("a.html", "This would be a sentence, in a page.") == []


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["a.md", "a.py", "a.js", "a.rst"]), st.text(max_size=300))
def test_any_text_gives_plain_lines(path: str, text: str) -> None:
    for sentence in sentences(path, text):
        assert sentence.isascii()
        assert "\n" not in sentence
        assert len(sentence.split()) >= 4


@pytest.mark.parametrize(
    "unit",
    [
        '"""',
        "'",
        "`",
        "[",
        "[a](",
        "*",
        "**a ",
        "/*",
        "#\n",
        "::\n  a\n",
        ".. a\n",
        "<a",
        "{@a ",
        "<!--",
        "a",
    ],
)
def test_the_time_is_linear_in_hostile_text(unit: str) -> None:
    for path in ("a.md", "a.py", "a.js", "a.rst"):
        started = time.process_time()
        sentences(path, unit * (200_000 // len(unit)))
        assert time.process_time() - started < 2
