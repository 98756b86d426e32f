"""The tables of names are valid and complete; words are said as the description has it."""

from __future__ import annotations

import string
from collections import Counter

import pytest

from arqon_maestro import languages
from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.rates import RATES
from arqon_maestro.corpusgen.spoken.dictionary import dictionary_words
from arqon_maestro.corpusgen.spoken.symbols import spoken_symbols, style_names, symbol_names
from arqon_maestro.corpusgen.spoken.words import (
    acronyms,
    aliases,
    alternative,
    halves,
    plural_suffix,
)
from arqon_maestro.languages.language import STYLES

_NEWLY_NAMED = (
    "++ -- --- !== ?? ??= ?. ?: <<= >>= >>> <=> |= &= ^= ||= &&= //= **= := <- =~ !~ &. !! .. ..= "
    "./ ../ @@ ## #! #{ ${ $( /* */ <!-- --> </ /> ;; [[ ]] {{ }}"
)


@pytest.mark.parametrize("language", languages.names())
def test_every_symbol_has_a_name(language: str) -> None:
    symbols = spoken_symbols(language)
    for symbol in [*string.punctuation, *_NEWLY_NAMED.split()]:
        assert symbols.names[symbol]
        assert symbol in symbols.starting(symbol)
    for names in symbols.names.values():
        assert len(set(names)) == len(names)
        for name in names:
            assert all(word.isalpha() and word.islower() for word in name)


def test_names_of_the_base_table() -> None:
    table = symbol_names(languages.get("ruby"))
    assert len(table) == 64
    assert sum(map(len, table.values())) == 185


def test_overrides() -> None:
    def names(language: str, symbol: str) -> set[str]:
        return {" ".join(name) for name in spoken_symbols(language).names.get(symbol, ())}

    assert names("go", "==") >= {"equal", "equals", "double equals"}
    assert names("go", "->") == {"arrow", "right arrow"}
    assert names("javascript", "=>") == {"arrow", "right arrow", "fat arrow"}
    assert names("javascript", "->") == {"arrow", "right arrow"}
    assert names("go", "**") == {"star star", "double star", "to the power of", "exponent"}
    assert names("cplusplus", "&") == {"address of", "ampersand"}
    assert names("python", "&&") == set()
    assert names("python", "||") == {"pipes"}
    assert "not" not in names("python", "!") and "not" in names("java", "!")
    assert "empty list" in names("java", "{}") and "empty list" not in names("java", "[]")
    assert spoken_symbols("default").prioritised["."] == (("period",),)
    assert spoken_symbols("go").prioritised["."] == (("dot",),)


def test_styles_are_named() -> None:
    assert set(style_names()) == set(STYLES)


def test_enclosures() -> None:
    found = {entry.opener: entry for entry in spoken_symbols("go").opening('"""')}
    assert set(found) == {'"', '"""'}
    assert ("string",) in found['"'].names
    assert found['"""'].lines and not found['"'].lines


def test_word_lists() -> None:
    assert len(acronyms()) >= 184
    assert {"url", "http", "json", "str", "cpu"} <= acronyms()
    assert aliases()["str"] == (("string",),)
    assert aliases()["stdin"] == (("standard", "in"),)
    assert 120_000 < len(dictionary_words()) < 140_000
    assert "(" not in "".join(word for word in dictionary_words() if word.startswith("a"))


@pytest.mark.parametrize(
    ("word", "suffix"),
    [
        ("names", "s"),
        ("classes", "es"),
        ("boxes", "es"),
        ("values", "s"),
        ("class", ""),
        ("bus", ""),
        ("is", ""),
        ("name", ""),
        ("xqzs", ""),
    ],
)
def test_plural_suffix(word: str, suffix: str) -> None:
    assert plural_suffix(word) == suffix


def test_halves() -> None:
    assert ("row", "count") in halves("rowcount")
    assert halves("x") == ()
    assert halves("it's") == ()
    assert all(len(second) >= 2 for _, second in halves("lists"))


def test_alternative_words() -> None:
    choices = RandomChoices(11)

    def said_for(word: str) -> list[str]:
        altered, wake = choices.flip(RATES.alternative), choices.flip(RATES.wake_word)
        return alternative(word, altered, wake, choices, RATES)

    said = Counter(" ".join(said_for("url")) for _ in range(20_000))
    shares = {
        "url(spell)": RATES.acronym_spelled_as_one,
        "u(spell) r(spell) l(spell)": RATES.acronym_spelled_out,
        "url": 1 - RATES.acronym_spelled_as_one - RATES.acronym_spelled_out,
    }
    usual = 1 - RATES.alternative - RATES.wake_word
    for text, share in shares.items():
        extra = RATES.alternative / 2 if text.count("(") == 3 else 0.0
        assert abs(said[text] / 20_000 - share * usual - extra) < 0.012, text
    assert 1 < said["maestro"] < 30
    assert alternative("don't", True, False, choices, RATES) == ["don't"]
    long = Counter(len(said_for("parenthesis")) for _ in range(2000))
    assert set(long) == {1}
