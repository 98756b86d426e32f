"""Lexicon files: Kaldi's ``lexicon.txt`` and pocketsphinx's dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from arqon_maestro.artifacts import atomic_text, text_lines
from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.lexicon.pronunciations import (
    HEADER_ENTRIES,
    SPELL_MARK,
    Lexicon,
    Pronunciation,
    checked_phones,
)
from arqon_maestro.speech_engine.lexicon.vocabulary import HINT

#: pocketsphinx reads ``word(...)`` as a variant of ``word``: inside it the mark is this one.
SPELL_ALIAS = "~spell"
#: Ends of a Kaldi symbol table of words, in this order.
SYMBOLS_AFTER_WORDS = ("#0", "<s>", "</s>", "#nonterm_begin", "#nonterm_end", HINT)


def to_pocketsphinx(word: str) -> str:
    """Returns the name of `word` inside pocketsphinx."""
    return word.replace(SPELL_MARK, SPELL_ALIAS)


def from_pocketsphinx(name: str) -> str:
    """Returns the word of a name inside pocketsphinx: variant number removed, mark restored."""
    if name.endswith(")"):
        name = name[: name.rindex("(")]
    return name.replace(SPELL_ALIAS, SPELL_MARK)


def write_lexicon(path: Path, lexicon: Lexicon) -> None:
    """Writes ``lexicon.txt``: two header lines, then ``word PH ON ES`` for each pronunciation."""
    with atomic_text(path) as stream:
        for word, phone in HEADER_ENTRIES:
            stream.write(f"{word} {phone}\n")
        for entry in lexicon:
            stream.write(f"{entry.word} {' '.join(entry.phones)}\n")


def read_lexicon(path: Path) -> Lexicon:
    """Reads ``lexicon.txt``; the source of its entries is the file's name.

    Raises:
        DataError: a malformed line, or no entry at all.
    """
    headers = {f"{word} {phone}" for word, phone in HEADER_ENTRIES}

    def entries() -> Iterator[Pronunciation]:
        for number, line in enumerate(text_lines(path), 1):
            body = " ".join(line.split())
            if not body or body in headers:
                continue
            word, _, phones = body.partition(" ")
            place = f"{path}:{number}"
            yield Pronunciation(word, checked_phones(phones, place), path.name)

    lexicon = Lexicon.of(entries())
    if not len(lexicon):
        raise DataError("no pronunciation in this file", where=path)
    return lexicon


def write_provenance(path: Path, lexicon: Lexicon) -> None:
    """Writes where each pronunciation comes from: ``word<TAB>phones<TAB>source`` a line."""
    with atomic_text(path) as stream:
        for entry in lexicon:
            stream.write(f"{entry.word}\t{' '.join(entry.phones)}\t{entry.source}\n")


def read_provenance(path: Path) -> Lexicon:
    """Reads what `write_provenance` wrote.

    Raises:
        MissingPartError: no such file.
        DataError: a malformed line.
    """

    def entries() -> Iterator[Pronunciation]:
        for number, line in enumerate(text_lines(path), 1):
            place = f"{path}:{number}"
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 3:
                raise DataError("not word, phones and source", where=place)
            word, phones, source = fields
            yield Pronunciation(word, checked_phones(phones, place), source)

    return Lexicon.of(entries())


def write_word_symbols(path: Path, words: Iterable[str]) -> None:
    """Writes Kaldi's ``words.txt``: a word and its number a line.

    ``<eps>`` is 0; then silence, noise and the words, sorted; ``#0``, ``<s>``, ``</s>``; the last
    three are ``#nonterm_begin``, ``#nonterm_end`` and ``#nonterm:hint``, where the runtime looks.
    """
    said = sorted({*words, *(word for word, _ in HEADER_ENTRIES)})
    with atomic_text(path) as stream:
        for number, word in enumerate(["<eps>", *said, *SYMBOLS_AFTER_WORDS]):
            stream.write(f"{word} {number}\n")


def write_pocketsphinx_dictionary(path: Path, lexicon: Lexicon) -> None:
    """Writes pocketsphinx's dictionary: further pronunciations as ``word(2)``, ``word(3)``…

    Its acoustic model has no stress, so the dictionary has none either.
    """
    lexicon = lexicon.without_stress()
    with atomic_text(path) as stream:
        for word in lexicon.words():
            for number, entry in enumerate(lexicon.pronunciations(word), 1):
                name = to_pocketsphinx(word) + (f"({number})" if number > 1 else "")
                stream.write(f"{name} {' '.join(entry.phones)}\n")
