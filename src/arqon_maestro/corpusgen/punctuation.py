"""Names for symbols, enclosures and numbers (corpusgen.md, sections 3.6, 3.7, 3.9)."""

from __future__ import annotations

import re

from arqon_maestro.corpusgen.brackets import Brackets
from arqon_maestro.corpusgen.choices import Choices, Table
from arqon_maestro.corpusgen.generation import Coins
from arqon_maestro.corpusgen.rates import Rates
from arqon_maestro.corpusgen.spoken.numbers import DIGITS, speak_number
from arqon_maestro.corpusgen.spoken.readings import reading_table
from arqon_maestro.corpusgen.spoken.symbol_tables import Frame, Name, symbol_tables
from arqon_maestro.corpusgen.spoken.symbols import Enclosure, spoken_symbols
from arqon_maestro.corpusgen.tokens import TokenStream
from arqon_maestro.languages import Language

SYMBOLS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_SYMBOL_RUN = re.compile(r"[!-/:-@\[-`{-~]+")
# An underscore alone may stay unsaid only with as many units left in the file (section 3.6).
_UNITS_AFTER_SILENT = 3
# What is said for these depends on what is around them.
_DEPENDING = ("_", ".")
# Numbers of so many digits come again and again.
_DIGITS_IN_TABLES = 2


class Punctuation:
    """Says the symbols and numbers of one file.

    Args:
        stream: the file.
        language: its language.
        choices: makes every decision.
        rates: probabilities.
    """

    def __init__(
        self, stream: TokenStream, language: Language, choices: Choices, rates: Rates
    ) -> None:
        self._stream = stream
        self._shape = stream.shape
        self._last_silent = len(stream.shape) - _UNITS_AFTER_SILENT
        self._choices = choices
        self._flip, self._draw = choices.flip, choices.draw
        self._rates = rates
        self._symbols = spoken_symbols(language.name)
        self._tables = symbol_tables(language.name, rates)
        # What is said for a run where nothing else plays a part, which is nearly always.
        self._usual: dict[str, Table[Name]] = {}
        self._brackets = Brackets(stream.shape)
        self._plain_instead = rates.plain_instead_of_enclosure
        self._longest = self._symbols.longest
        self.openers = self._symbols.openers

    def run(self, at: int, stop: int) -> str:
        """Returns the adjacent symbols from `at` on, as many as the longest named symbol has."""
        found = _SYMBOL_RUN.match(self._shape, at, min(stop, at + self._longest))
        return found[0] if found else ""

    def explicit_rate(self, sampler: Coins) -> float:
        """Returns how often a symbol or an enclosure is said though it need not be."""
        if not sampler.implicit_symbols:
            return 1.0
        follow = self._rates.follow_bias
        return follow if sampler.explicit_bias else 1 - follow

    def symbol(self, run: str, at: int, explicit: float) -> Name:
        """Chooses the symbol that is said at `at`, and its name.

        Args:
            run: the adjacent symbols that begin there.
            at: index of the first.
            explicit: the chance that a single symbol is said though it need not be.
        """
        if explicit == 1:
            table = self._usual.get(run)
            if table is not None:
                return self._draw(table)
        if run == "_" and 1 < at <= self._last_silent:
            return self._draw(self._tables.silent_underscore(explicit))
        if run == "." and self._shape[at - 1 : at + 2] == "n.n":
            return self._draw(self._tables.decimal_point(explicit))
        table = self._tables.run(run, explicit)
        if explicit == 1 and run not in _DEPENDING:
            self._usual[run] = table
        return self._draw(table)

    def enclosure(self, run: str, at: int, stop: int) -> tuple[Enclosure, int] | None:
        """Chooses the enclosure that opens at `at`; returns it and where it closes.

        None if there is none in the range, or if its symbols are to be said one by one.
        """
        candidates = self._symbols.opening(run)
        if not candidates:
            return None
        chosen = candidates[0] if len(candidates) == 1 else self._choices.choose(candidates)
        close = self._brackets.closer(chosen.opener, chosen.closer, at, stop, chosen.lines)
        if close is None or self._flip(self._plain_instead):
            return None
        return chosen, close

    def frame(
        self, enclosure: Enclosure, inner_words: list[str], empty: bool, sampler: Coins
    ) -> Frame:
        """Chooses the name of an enclosure, and whether it is said before or after the content.

        Args:
            enclosure: what is around.
            inner_words: what is said inside.
            empty: whether the content has no tokens.
            sampler: the mapping's coins.
        """
        del inner_words  # of interest to those that look for given words
        return self._draw(self._tables.frame(enclosure, empty, sampler.enclosure_after_content))

    def number(self, at: int) -> list[str]:
        """Says the number at `at`; what follows a decimal point mostly digit by digit."""
        rates, flip = self._rates, self._flip
        digits = self._stream.text[at]
        decimal = self._shape[at - 1] == "." and at > 1 and self._shape[at - 2] == "n"
        if decimal and flip(rates.decimal_digits):
            words = [DIGITS[int(digit)] for digit in digits]
        elif len(digits) <= _DIGITS_IN_TABLES:
            words = [*self._draw(reading_table(digits))]
        else:
            words = speak_number(digits, self._choices)
        if flip(rates.numeral):
            words.insert(0, "numeral")
        return words
