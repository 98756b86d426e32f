"""Reads a lang folder, ours or one that Kaldi's ``prepare_lang.sh`` made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.graph.phone_table import (
    EPSILON_NAME,
    NONTERM_BOS,
    USER_NONTERM_PREFIX,
)
from arqon_maestro.speech_engine.kaldi.symbol_table import read_symbols

LEXICON_FST = "L_disambig.fst"
_NEEDED = ("words.txt", "phones.txt", LEXICON_FST, "phones/disambig.int")


@dataclass(frozen=True)
class Lang:
    """A lang folder.

    Attributes:
        folder: where it is.
        words: number of each word.
        phones: number of each phone and symbol.
        disambiguation: numbers of the symbols that are no phones, ascending.
        nonterminal_offset: number of ``#nonterm_bos``, None in a graph without nonterminals.
    """

    folder: Path
    words: dict[str, int]
    phones: dict[str, int]
    disambiguation: tuple[int, ...]
    nonterminal_offset: int | None

    @property
    def lexicon_fst(self) -> Path:
        return self.folder / LEXICON_FST

    @property
    def word_disambiguation(self) -> int:
        """Number of ``#0`` among the words."""
        return self.words["#0"]

    @property
    def nonterminal_words(self) -> tuple[str, ...]:
        """The user's nonterminals."""
        return tuple(word for word in self.words if word.startswith(USER_NONTERM_PREFIX))

    @property
    def real_phones(self) -> dict[str, int]:
        """The phones alone: no ``<eps>``, disambiguation symbols or nonterminals."""
        symbols = set(self.disambiguation)
        return {
            name: number
            for name, number in self.phones.items()
            if number and number not in symbols and not self._is_nonterminal(number)
        }

    def _is_nonterminal(self, number: int) -> bool:
        return self.nonterminal_offset is not None and number >= self.nonterminal_offset


def read_lang(folder: Path) -> Lang:
    """Reads a lang folder.

    Raises:
        MissingPartError: no such folder, or a file of it is missing.
        DataError: a damaged symbol table, or symbols that don't belong together.
    """
    if not folder.is_dir():
        raise MissingPartError("no such folder", where=folder, remedy="maestro graph lang")
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise MissingPartError(
            "not a lang folder",
            where=folder,
            why=f"it lacks {', '.join(missing)}",
            remedy="maestro graph lang",
        )
    words = read_symbols(folder / "words.txt")
    phones = read_symbols(folder / "phones.txt")
    disambiguation = _numbers(folder / "phones" / "disambig.int")
    offset = phones.get(NONTERM_BOS)
    for name, table in (("words.txt", words), ("phones.txt", phones)):
        if table.get(EPSILON_NAME) != 0:
            raise DataError("a symbol table without <eps> 0", where=folder / name)
        if len(set(table.values())) != len(table):
            raise DataError("two symbols with one number", where=folder / name)
    for name, table in (("words.txt", words), ("phones.txt", phones)):
        if "#0" not in table:
            raise DataError(
                "a symbol table without #0",
                where=folder / name,
                why="the lexicon was made without disambiguation symbols",
                remedy="maestro graph lang",
            )
    known = set(phones.values())
    if (
        not disambiguation
        or not known.issuperset(disambiguation)
        or phones["#0"] not in disambiguation
    ):
        raise DataError(
            "disambiguation symbols that phones.txt lacks",
            where=folder / "phones" / "disambig.int",
            why="the two files belong to different folders",
        )
    lang = Lang(folder, words, phones, disambiguation, offset)
    if (offset is None) != (not lang.nonterminal_words):
        raise DataError(
            "nonterminals among the words or among the phones only",
            where=folder,
            why=f"{NONTERM_BOS} in phones.txt goes with {USER_NONTERM_PREFIX}… in words.txt",
        )
    return lang


def _numbers(path: Path) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(field) for field in path.read_text().split()}))
    except ValueError as error:
        raise DataError("whole numbers expected", where=path, why=str(error)) from None
