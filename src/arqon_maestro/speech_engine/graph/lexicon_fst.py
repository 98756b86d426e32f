"""L: from phones to words, with optional silence, disambiguation symbols and nonterminals.

Source: Kaldi's ``add_lex_disambig.pl``, ``lang/make_lexicon_fst.py`` and ``fstaddselfloops``.
States: 0 start, 1 between words, 2 before silence; with disambiguation, 3 after silence.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst
from arqon_maestro.speech_engine.graph.phone_table import (
    EPSILON_NAME,
    NONTERM_BEGIN,
    NONTERM_END,
    PhoneTable,
)
from arqon_maestro.speech_engine.lexicon.pronunciations import is_spelled, unspelled

_START, _LOOP, _SILENCE = 0, 1, 2
WORD_DISAMBIGUATION = "#0"
#: Where a pronunciation stands: a word of its own, or a letter in a run of spelled ones.
WHOLE, FIRST_LETTER, INNER_LETTER, LAST_LETTER = "whole", "first", "inner", "last"


@dataclass(frozen=True)
class Entry:
    """A pronunciation as L has it.

    Attributes:
        word: what it is of.
        phones: with their places in the word, and perhaps a disambiguation symbol at the end.
        role: `WHOLE`, or the place of a letter among letters that are spelled without a pause.
        probability: of this pronunciation among those of the word.
    """

    word: str
    phones: tuple[str, ...]
    role: str = WHOLE
    probability: float = 1.0


def entries_of(
    pronunciations: Iterable[tuple[str, Sequence[str]]], table: PhoneTable
) -> list[Entry]:
    """Returns the entries of a lexicon: phones placed, single letters also as parts of runs.

    A letter that is spelled (``n(spell)``) may be the first, an inner or the last part of one
    phonetic word, so that ``n(spell) p(spell) m(spell)`` is said without a silence inside. Where
    phones know no places in words, that is so without further ado.

    Args:
        pronunciations: (word, phones).
        table: the model's phones.
    """
    entries = []
    letters = []
    for word, phones in pronunciations:
        entries.append(Entry(word, tuple(table.placed(phones))))
        if table.position_dependent and is_spelled(word) and len(unspelled(word)) == 1:
            for role in (FIRST_LETTER, INNER_LETTER, LAST_LETTER):
                parts = table.part(phones, first=role == FIRST_LETTER, last=role == LAST_LETTER)
                letters.append(Entry(word, tuple(parts), role))
    return entries + letters


def disambiguated(entries: Sequence[Entry]) -> tuple[list[Entry], int]:
    """Ends each pronunciation that is another's, or the beginning of another's, with #1, #2 …

    Returns:
        The entries, and the highest symbol used.
    """
    counts = Counter(entry.phones for entry in entries)
    beginnings = {
        entry.phones[:length] for entry in entries for length in range(1, len(entry.phones))
    }
    used: defaultdict[tuple[str, ...], int] = defaultdict(int)
    result = []
    for entry in entries:
        phones = entry.phones
        if counts[phones] > 1 or phones in beginnings:
            used[phones] += 1
            phones = (*phones, f"#{used[phones]}")
        result.append(Entry(entry.word, phones, entry.role, entry.probability))
    return result, max(used.values(), default=0)


@dataclass(frozen=True)
class Silence:
    """Optional silence between words.

    Attributes:
        phone: ``SIL``.
        probability: of a silence at the beginning, and after each word; 0 for none ever.
        disambiguation: symbol after it, none in an L without disambiguation.
    """

    phone: str
    probability: float = 0.5
    disambiguation: str | None = None


@dataclass
class _Arcs:
    """Arcs as they are added, by number."""

    phones: Mapping[str, int]
    words: Mapping[str, int]
    rows: list[tuple[int, int, int, int, float]] = field(default_factory=list)
    states: int = 0

    def state(self) -> int:
        self.states += 1
        return self.states - 1

    def add(self, source: int, target: int, phone: str, word: str, cost: float) -> None:
        self.rows.append((source, self.phones[phone], self.words[word], target, cost))

    def path(self, entry: Entry, source: int, ends: Sequence[tuple[int, float]]) -> None:
        """Adds a pronunciation, from a state to several with a cost each."""
        cost = -math.log(entry.probability)
        word = entry.word
        for phone in entry.phones[:-1]:
            target = self.state()
            self.add(source, target, phone, word, cost)
            source, word, cost = target, EPSILON_NAME, 0.0
        for target, end_cost in ends:
            self.add(source, target, entry.phones[-1], word, end_cost + cost)

    def fst(self, finals: Iterable[int]) -> Fst:
        columns = np.array(self.rows, np.float64).reshape(-1, 5).T
        costs = np.full(self.states, NOT_FINAL)
        costs[list(finals)] = 0.0
        sources, phones, words, targets = (column.astype(np.int64) for column in columns[:4])
        return Fst.of(0, costs, sources, phones, words, columns[4], targets)


@dataclass(frozen=True)
class Nonterminals:
    """What makes L part of a grammar of several graphs.

    Attributes:
        names: the user's nonterminals.
        left_context: phones that may come before one, ``#nonterm_bos`` among them.
    """

    names: Sequence[str]
    left_context: Sequence[str]


def lexicon_fst(
    entries: Sequence[Entry],
    phones: Mapping[str, int],
    words: Mapping[str, int],
    silence: Silence,
    nonterminals: Nonterminals | None = None,
) -> Fst:
    """Builds L.

    Args:
        entries: `disambiguated`, or not for an L that is used in training.
        phones: number of each phone and symbol.
        words: number of each word.
        silence: between words.
        nonterminals: for a grammar of several graphs.

    Raises:
        DataError: silence with a probability that is none.
    """
    if not 0 <= silence.probability < 1:
        raise DataError(
            f"a silence probability of {silence.probability}", why="0 or more and less than 1"
        )
    arcs = _Arcs(phones, words)
    start = loop = arcs.state()
    ends: list[tuple[int, float]] = [(loop, 0.0)]
    no_pause = 0.0
    if silence.probability > 0:
        loop, before = arcs.state(), arcs.state()
        pause, no_pause = -math.log(silence.probability), -math.log(1 - silence.probability)
        ends = [(loop, no_pause), (before, pause)]
        for target, cost in ends:
            arcs.add(start, target, EPSILON_NAME, EPSILON_NAME, cost)
        if silence.disambiguation is None:
            arcs.add(before, loop, silence.phone, EPSILON_NAME, 0.0)
        else:
            after = arcs.state()
            arcs.add(before, after, silence.phone, EPSILON_NAME, 0.0)
            arcs.add(after, loop, silence.disambiguation, EPSILON_NAME, 0.0)
    for entry in entries:
        if entry.role == WHOLE:
            arcs.path(entry, loop, ends)
    pass_through = [loop, *_add_letters(arcs, entries, loop, ends, no_pause)]
    finals = [loop]
    if nonterminals is not None:
        finals.append(_add_nonterminals(arcs, nonterminals, start, loop))
    if silence.disambiguation is not None:
        for state in pass_through:
            arcs.add(state, state, WORD_DISAMBIGUATION, WORD_DISAMBIGUATION, 0.0)
    return arcs.fst(finals).sorted_by_output()


def _add_letters(
    arcs: _Arcs,
    entries: Sequence[Entry],
    loop: int,
    ends: Sequence[tuple[int, float]],
    no_pause: float,
) -> list[int]:
    """Adds letters that are spelled in a row; returns the states between letters."""
    letters = [entry for entry in entries if entry.role != WHOLE]
    if not letters:
        return []
    between = arcs.state()
    # A run of letters costs what the same letters with no silence between them cost.
    go_on = [(between, no_pause)]
    for entry in letters:
        source = loop if entry.role == FIRST_LETTER else between
        arcs.path(entry, source, ends if entry.role == LAST_LETTER else go_on)
    return [between]


def _add_nonterminals(arcs: _Arcs, nonterminals: Nonterminals, start: int, loop: int) -> int:
    """Adds the arcs of a grammar; returns the state after ``#nonterm_end``.

    A nonterminal is followed by the phone that came last inside it. Their costs make the sum of
    probabilities one; the decoder takes them off again.
    """
    shared, final = arcs.state(), arcs.state()
    arcs.add(start, shared, NONTERM_BEGIN, NONTERM_BEGIN, 0.0)
    for name in nonterminals.names:
        arcs.add(loop, shared, name, name, 0.0)
    cost = math.log(len(nonterminals.left_context))
    for phone in nonterminals.left_context:
        arcs.add(shared, loop, phone, EPSILON_NAME, cost)
    arcs.add(loop, final, NONTERM_END, NONTERM_END, 0.0)
    return final
