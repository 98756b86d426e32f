"""A lang folder, as Kaldi's ``prepare_lang.sh`` makes it: symbol tables, phone sets, L.

Two things are done otherwise. Letters that are spelled in a row need no silence between them (see
`lexicon_fst.entries_of`). And L's start state does not let ``#0`` pass when there are nonterminals:
with Kaldi it does, and a sentence that begins by backing off is counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.artifacts import atomic_folder
from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph.fst_file import write_fst
from arqon_maestro.speech_engine.graph.lexicon_fst import (
    WORD_DISAMBIGUATION,
    Entry,
    Nonterminals,
    Silence,
    disambiguated,
    entries_of,
    lexicon_fst,
)
from arqon_maestro.speech_engine.graph.phone_table import (
    EPSILON_NAME,
    NONTERM_BEGIN,
    NONTERM_BOS,
    NONTERM_END,
    PLACES,
    USER_NONTERM_PREFIX,
    PhoneTable,
)
from arqon_maestro.speech_engine.kaldi.topology import chain_topology
from arqon_maestro.speech_engine.lexicon.pronunciations import (
    HEADER_ENTRIES,
    SILENCE_PHONE,
    Lexicon,
)
from arqon_maestro.speech_engine.lexicon.vocabulary import HINT
from arqon_maestro.speech_engine.ngram.text import SENTENCE_END, SENTENCE_START

#: What lies in a lang folder, ours or Kaldi's.
LANG_NAMES = (
    "L.fst",
    "L_disambig.fst",
    "lexicon.txt",
    "oov.int",
    "oov.txt",
    "phones",
    "phones.txt",
    "topo",
    "words.txt",
)
_RESERVED = frozenset([EPSILON_NAME, WORD_DISAMBIGUATION, SENTENCE_START, SENTENCE_END])
_LISTS = ("silence", "nonsilence", "optional_silence", "disambig", "context_indep")


@dataclass(frozen=True)
class LangSettings:
    """How a lang folder is made.

    Attributes:
        silence_phone: between words.
        silence_probability: of a silence at the beginning and after each word.
        out_of_vocabulary: word that stands for unknown ones, in ``oov.txt``.
        nonterminals: for graphs that are compiled later; empty for a graph of its own.
    """

    silence_phone: str = SILENCE_PHONE
    silence_probability: float = 0.5
    out_of_vocabulary: str = HEADER_ENTRIES[1][0]
    nonterminals: tuple[str, ...] = (HINT,)


@dataclass(frozen=True)
class LangSummary:
    """What a lang folder holds: numbers of words, pronunciations, phones, symbols."""

    words: int
    pronunciations: int
    phones: int
    disambiguation_symbols: int


def write_lang(
    folder: Path,
    lexicon: Lexicon,
    table: PhoneTable,
    settings: LangSettings | None = None,
    *,
    where: object = None,
) -> LangSummary:
    """Writes a lang folder; it appears whole or not at all.

    Args:
        folder: what is there is replaced.
        lexicon: pronunciations without places in words; stress is taken off for a model that has
            none.
        table: the model's phones.
        settings: how it is made.
        where: the lexicon's file, for errors.

    Raises:
        DataError: a phone that the model lacks, a word that is a symbol, or no silence phone.
    """
    settings = settings or LangSettings()
    spoken = lexicon.in_phones(frozenset(map(table.base, table.ids)), where)
    pronunciations = _pronunciations(spoken, settings, where)
    entries = entries_of(pronunciations, table)
    for entry in entries:
        table.require(entry.word, entry.phones, where)
    table.require("silence", [settings.silence_phone], where)
    ended, highest = disambiguated(entries)
    # One more symbol, for the silence between words.
    symbols = [f"#{number}" for number in range(highest + 2)]
    phones = table.table(symbols, settings.nonterminals)
    words = word_table((word for word, _ in pronunciations), settings.nonterminals)
    lists = _lists(table, symbols, settings)
    nonterminals = None
    if settings.nonterminals:
        nonterminals = Nonterminals(settings.nonterminals, lists["left_context_phones"])
    with atomic_folder(folder) as place:
        (place / "phones").mkdir()
        _write_table(place / "words.txt", words)
        _write_table(place / "phones.txt", phones)
        _write_lists(place / "phones", lists, phones)
        _write_sets(place / "phones", table, phones)
        _write_align_lexicon(place / "phones", entries, settings, phones, words)
        _write_word_symbols(place, settings, phones, words)
        (place / "lexicon.txt").write_text(_lexicon_text(pronunciations), encoding="utf-8")
        (place / "topo").write_text(chain_topology(sorted(table.ids.values())).to_text())
        silence = Silence(settings.silence_phone, settings.silence_probability)
        write_fst(place / "L.fst", lexicon_fst(entries, phones, words, silence, nonterminals))
        silence = Silence(settings.silence_phone, settings.silence_probability, symbols[-1])
        write_fst(
            place / "L_disambig.fst", lexicon_fst(ended, phones, words, silence, nonterminals)
        )
    return LangSummary(len(words), len(pronunciations), len(table.ids), len(symbols))


def word_table(words: Iterable[str], nonterminals: Sequence[str]) -> dict[str, int]:
    """Returns ``words.txt``: words in the order of their bytes, then the symbols.

    The runtime counts from the end: ``#nonterm_begin``, ``#nonterm_end`` and the nonterminals are
    the last words.
    """
    names = [EPSILON_NAME, *sorted(set(words), key=str.encode)]
    names += [WORD_DISAMBIGUATION, SENTENCE_START, SENTENCE_END]
    if nonterminals:
        names += [NONTERM_BEGIN, NONTERM_END, *nonterminals]
    return {name: number for number, name in enumerate(names)}


def _pronunciations(
    lexicon: Lexicon, settings: LangSettings, where: object
) -> list[tuple[str, tuple[str, ...]]]:
    headers: list[tuple[str, tuple[str, ...]]] = [(word, (p,)) for word, p in HEADER_ENTRIES]
    spoken = [(entry.word, entry.phones) for entry in lexicon]
    for word, _ in spoken:
        if word in _RESERVED or word.startswith("#"):
            raise DataError(
                f"the word {word!r} in a lexicon",
                where=where,
                why="names of symbols cannot be words",
                remedy="remove it from the lexicon",
            )
    for name in settings.nonterminals:
        if not name.startswith(USER_NONTERM_PREFIX):
            raise DataError(f"a nonterminal {name!r}", why=f"it begins with {USER_NONTERM_PREFIX}")
    return headers + spoken


def _lists(
    table: PhoneTable, symbols: Sequence[str], settings: LangSettings
) -> dict[str, list[str]]:
    """Returns the lists of phones by name."""
    lists = {
        "silence": list(table.silence),
        "nonsilence": list(table.nonsilence),
        "optional_silence": [settings.silence_phone],
        "disambig": list(symbols),
        "context_indep": list(table.silence),
        "wdisambig": [WORD_DISAMBIGUATION],
    }
    if settings.nonterminals:
        ends = [name for name in table.ordered if table.boundary(name) in ("end", "singleton")]
        all_phones = [*table.silence, *table.nonsilence]
        before = [*ends, settings.silence_phone] if table.position_dependent else all_phones
        lists["nonterminals"] = list(settings.nonterminals)
        lists["nonterm_phones_offset"] = [NONTERM_BOS]
        lists["left_context_phones"] = [*before, NONTERM_BOS]
    return lists


def _write_table(path: Path, table: Mapping[str, int]) -> None:
    path.write_text("".join(f"{name} {number}\n" for name, number in table.items()), "utf-8")


def _write_lists(
    folder: Path, lists: Mapping[str, Sequence[str]], phones: Mapping[str, int]
) -> None:
    for name, members in lists.items():
        numbers = [str(phones[member]) for member in members]
        (folder / f"{name}.txt").write_text("".join(f"{member}\n" for member in members))
        if name != "wdisambig":
            (folder / f"{name}.int").write_text("".join(f"{number}\n" for number in numbers))
        if name in _LISTS:
            (folder / f"{name}.csl").write_text(":".join(numbers) + "\n")


def _write_both(
    folder: Path, name: str, lines: Iterable[tuple[str, Sequence[str]]], phones: Mapping[str, int]
) -> None:
    """Writes lines of a head and phones, as text and with the phones' numbers."""
    text, numbers = [], []
    for head, members in lines:
        text.append(f"{head}{' '.join(members)}\n")
        numbers.append(f"{head}{' '.join(str(phones[member]) for member in members)}\n")
    (folder / f"{name}.txt").write_text("".join(text))
    (folder / f"{name}.int").write_text("".join(numbers))


def _write_sets(folder: Path, table: PhoneTable, phones: Mapping[str, int]) -> None:
    """Writes what training asks for: phones in all their places, and questions about places."""
    groups: dict[str, list[str]] = {}
    for name in (*table.silence, *table.nonsilence):
        groups.setdefault(table.base(name), []).append(name)
    sets = list(groups.values())
    _write_both(folder, "sets", (("", names) for names in sets), phones)
    _write_both(folder, "roots", (("shared split ", names) for names in sets), phones)
    questions = []
    if table.position_dependent:
        for kind, ends in ((table.nonsilence, PLACES), (table.silence, ("", *PLACES))):
            for place in ends:
                names = [name for name in kind if name.removeprefix(table.base(name)) == place]
                questions.append(("", names))
        boundaries = [(f"{name} {table.boundary(name)}\n", name) for name in _in_order(table)]
        (folder / "word_boundary.txt").write_text("".join(line for line, _ in boundaries))
        (folder / "word_boundary.int").write_text(
            "".join(f"{phones[name]} {table.boundary(name)}\n" for _, name in boundaries)
        )
    _write_both(folder, "extra_questions", questions, phones)


def _in_order(table: PhoneTable) -> list[str]:
    return [*table.silence, *table.nonsilence]


def _write_align_lexicon(
    folder: Path,
    entries: Sequence[Entry],
    settings: LangSettings,
    phones: Mapping[str, int],
    words: Mapping[str, int],
) -> None:
    """Writes each word twice and its phones: which words phones that were found may be."""
    rows = {(entry.word, entry.phones) for entry in entries}
    rows.add((EPSILON_NAME, (settings.silence_phone,)))
    ordered = sorted(rows, key=lambda row: f"{row[0]} {row[0]} {' '.join(row[1])}".encode())
    if settings.nonterminals:
        ordered += [(w, ()) for w in (NONTERM_BEGIN, NONTERM_END, *settings.nonterminals)]
    text, numbers = [], []
    for word, members in ordered:
        number = words[word]
        text.append(" ".join((word, word, *members)) + "\n")
        numbers.append(" ".join(map(str, (number, number, *(phones[m] for m in members)))) + "\n")
    (folder / "align_lexicon.txt").write_text("".join(text), encoding="utf-8")
    (folder / "align_lexicon.int").write_text("".join(numbers))


def _write_word_symbols(
    folder: Path, settings: LangSettings, phones: Mapping[str, int], words: Mapping[str, int]
) -> None:
    oov = settings.out_of_vocabulary
    if oov not in words:
        raise DataError(f"no word {oov!r}, which stands for unknown words", why="it has no line")
    (folder / "oov.txt").write_text(oov + "\n", encoding="utf-8")
    (folder / "oov.int").write_text(f"{words[oov]}\n")
    inside = folder / "phones"
    (inside / "wdisambig_words.int").write_text(f"{words[WORD_DISAMBIGUATION]}\n")
    (inside / "wdisambig_phones.int").write_text(f"{phones[WORD_DISAMBIGUATION]}\n")


def _lexicon_text(pronunciations: Iterable[tuple[str, Sequence[str]]]) -> str:
    return "".join(f"{word} {' '.join(phones)}\n" for word, phones in pronunciations)
