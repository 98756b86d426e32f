"""The phones of a graph: their numbers, their places in words, and which are silence.

As Kaldi's ``prepare_lang.sh`` numbers them: ``<eps>``, silence phones, other phones,
disambiguation symbols ``#0 #1 …``, then, for nonterminals, ``#nonterm_bos``, ``#nonterm_begin``,
``#nonterm_end``, ``#nonterm_reenter`` and those of the user.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from arqon_maestro.errors import DataError, did_you_mean
from arqon_maestro.speech_engine.kaldi.symbol_table import read_symbols

EPSILON_NAME = "<eps>"
BEGIN, END, INTERNAL, SINGLETON = "_B", "_E", "_I", "_S"
#: In the order of Kaldi's tables.
PLACES = (BEGIN, END, INTERNAL, SINGLETON)
_PLACE_NAMES = {BEGIN: "begin", END: "end", INTERNAL: "internal", SINGLETON: "singleton"}
NONTERM_BOS = "#nonterm_bos"
NONTERM_BEGIN, NONTERM_END = "#nonterm_begin", "#nonterm_end"
_NONTERM_MARKS = (NONTERM_BOS, NONTERM_BEGIN, NONTERM_END, "#nonterm_reenter")
USER_NONTERM_PREFIX = "#nonterm:"
_DISAMBIGUATION = re.compile(r"#\d+$")
#: Phones that stand for silence or noise wherever they occur, in the dictionaries of the field.
SILENCE_NAMES = frozenset(["SIL", "SPN", "NSN", "LAUGHTER", "NOISE", "GBG", "UNK"])


@dataclass(frozen=True)
class PhoneTable:
    """The phones that an acoustic model has.

    Attributes:
        ids: phone → number, without ``<eps>``, disambiguation symbols and nonterminals.
        first_disambiguation: number of ``#0``.
    """

    ids: Mapping[str, int]
    first_disambiguation: int

    @classmethod
    def of(
        cls, nonsilence: Iterable[str], silence: Sequence[str], *, position_dependent: bool
    ) -> PhoneTable:
        """Numbers phones as ``prepare_lang.sh`` does where there is no model yet."""
        names: list[str] = []
        for phone in silence:
            names += [phone, *(phone + p for p in PLACES)] if position_dependent else [phone]
        for phone in nonsilence:
            names += [phone + place for place in PLACES] if position_dependent else [phone]
        return cls({name: number for number, name in enumerate(names, 1)}, len(names) + 1)

    @classmethod
    def read(cls, path: Path) -> PhoneTable:
        """Reads a model's ``phones.txt``.

        Raises:
            MissingPartError: no such file.
            DataError: a malformed line, or no phones.
        """
        symbols = read_symbols(path)
        ids = {name: i for name, i in symbols.items() if name != EPSILON_NAME and name[0] != "#"}
        if not ids or symbols.get(EPSILON_NAME, 0) != 0 or min(ids.values()) < 1:
            raise DataError("not a table of phones", where=path, why="<eps> is 0, phones are above")
        if len(set(ids.values())) != len(ids):
            raise DataError("two phones with one number", where=path)
        highest = max(ids.values())
        zero = symbols.get("#0", highest + 1)
        if zero <= highest:
            raise DataError("#0 among the phones", where=path, why="it must come after them")
        return cls(ids, zero)

    @cached_property
    def position_dependent(self) -> bool:
        """Whether a phone says where in its word it is: ``AH_B``, ``AH_E``, ``AH_I``, ``AH_S``."""
        return any(name.endswith(tuple(PLACES)) for name in self.ids)

    @cached_property
    def ordered(self) -> tuple[str, ...]:
        """All phones by number."""
        return tuple(sorted(self.ids, key=self.ids.__getitem__))

    def base(self, name: str) -> str:
        """Returns a phone without its place in the word."""
        return name[:-2] if self.position_dependent and name[-2:] in PLACES else name

    def is_silence(self, name: str) -> bool:
        """Returns whether a phone is silence or noise."""
        return self.base(name).upper() in SILENCE_NAMES

    @property
    def silence(self) -> tuple[str, ...]:
        """Phones of silence and noise, by number."""
        return tuple(name for name in self.ordered if self.is_silence(name))

    @property
    def nonsilence(self) -> tuple[str, ...]:
        """All other phones, by number."""
        return tuple(name for name in self.ordered if not self.is_silence(name))

    def boundary(self, name: str) -> str:
        """Returns where in a word a phone is, as ``word_boundary.txt`` says it."""
        place = name[-2:]
        return _PLACE_NAMES.get(place, "nonword") if self.position_dependent else "nonword"

    def placed(self, phones: Sequence[str]) -> list[str]:
        """Returns a word's phones with their places, if the model has such phones."""
        if not self.position_dependent:
            return list(phones)
        if len(phones) == 1:
            return [phones[0] + SINGLETON]
        inside = [phone + INTERNAL for phone in phones[1:-1]]
        return [phones[0] + BEGIN, *inside, phones[-1] + END]

    def part(self, phones: Sequence[str], *, first: bool, last: bool) -> list[str]:
        """Returns phones that are only part of a word, with their places in it.

        Args:
            phones: of the part.
            first: whether the word begins with them.
            last: whether it ends with them.
        """
        places = [INTERNAL] * len(phones)
        if first:
            places[0] = BEGIN
        if last:
            places[-1] = END
        return [phone + place for phone, place in zip(phones, places, strict=True)]

    def require(self, word: str, phones: Iterable[str], where: object) -> None:
        """Checks that the model has all phones of a pronunciation.

        Raises:
            DataError: it lacks one.
        """
        for phone in phones:
            if phone not in self.ids:
                known = {self.base(name) for name in self.ids}
                base = self.base(phone)
                why = did_you_mean(base, known) if base not in known else f"it lacks {phone}"
                raise DataError(
                    f"the acoustic model has no phone {base!r}, which {word!r} is said with",
                    where=where,
                    why=why,
                    remedy="use a lexicon in the phones of the model's phones.txt",
                )

    def table(self, disambiguation: Sequence[str], nonterminals: Sequence[str]) -> dict[str, int]:
        """Returns ``phones.txt`` of a lang folder.

        Args:
            disambiguation: ``#0``, ``#1`` … in this order.
            nonterminals: the user's, ``#nonterm:…``; empty for a graph without any.
        """
        table = {EPSILON_NAME: 0, **{name: self.ids[name] for name in self.ordered}}
        table |= {name: self.first_disambiguation + i for i, name in enumerate(disambiguation)}
        if nonterminals:
            first = self.first_disambiguation + len(disambiguation)
            marks = (*_NONTERM_MARKS, *nonterminals)
            table |= {name: first + i for i, name in enumerate(marks)}
        return table


def is_disambiguation(name: str) -> bool:
    """Returns whether a name is that of a disambiguation symbol, ``#0``, ``#1`` …"""
    return _DISAMBIGUATION.match(name) is not None
