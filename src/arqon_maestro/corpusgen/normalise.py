"""The one normaliser for training and for use: printable ASCII and line feeds, nothing else."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from importlib import resources

_OTHER = re.compile(r"[^\n -~]+")
_LETTER_NAME = re.compile(r"(LATIN|GREEK) (SMALL|CAPITAL) LETTER (?:FINAL )?([A-Z]+)( WITH .*)?$")
_CACHED_CHARACTERS = 4096


def normalise(source: str) -> str:
    """Returns `source` in printable ASCII and line feeds.

    A tab becomes four blanks, CR and CRLF a line feed, a letter with accents the bare letter, a
    Greek letter its name, a Cyrillic one its transcription, typographic quotes, dashes and arrows
    their ASCII forms. What has no near ASCII text (controls, emoji, other scripts, lone
    surrogates) is dropped. Characters are mapped one by one, so that the normalised prefix of a
    file is the prefix of the normalised file (a prefix that ends inside a CRLF apart).
    """
    if _OTHER.search(source) is None:
        return source
    if "\r" in source:
        source = source.replace("\r\n", "\n")
    return _OTHER.sub(lambda found: "".join(map(_closest, found[0])), source)


@lru_cache(maxsize=1)
def _characters() -> dict[str, str]:
    text = resources.files("arqon_maestro.corpusgen").joinpath("characters.json").read_text("utf-8")
    table: dict[str, str] = json.loads(text)["characters"]
    for character, ascii_text in list(table.items()):
        upper = character.upper()
        if len(upper) == 1:
            table.setdefault(upper, ascii_text[:1].upper() + ascii_text[1:])
    return table


@lru_cache(maxsize=_CACHED_CHARACTERS)
def _closest(character: str) -> str:
    """Returns the ASCII text nearest to one character; empty where there is none."""
    if character == "\n" or " " <= character <= "~":
        return character
    known = _characters().get(character)
    if known is not None:
        return known
    decomposed = unicodedata.normalize("NFKD", character)
    if decomposed != character:
        return "".join(map(_closest, decomposed))
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp"):
        return " "
    if category == "Pd":
        return "-"
    if category == "Nd":
        return str(unicodedata.digit(character))
    named = _LETTER_NAME.match(unicodedata.name(character, ""))
    if named is None:
        return ""
    script, case, name, _ = named.groups()
    if script == "LATIN" and len(name) > 1:
        return ""
    return name.lower() if case == "SMALL" else name.capitalize()
