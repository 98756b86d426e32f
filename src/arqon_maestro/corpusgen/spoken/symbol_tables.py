"""What is said for symbols and enclosures, worked out for each run of symbols (3.3, 3.6, 3.7)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from arqon_maestro.corpusgen.choices import Choices, Table, tabulate
from arqon_maestro.corpusgen.rates import Rates
from arqon_maestro.corpusgen.spoken.symbols import Enclosure, Phrase, spoken_symbols

UNDERSCORE, POINT = "_", "."

# "point" for a decimal point.
_POINT = ("point",)

# Code has a few thousand different runs; the bound is for what is no code.
_CACHED_RUNS = 20_000
_CACHED_LANGUAGES = 64


class Name(NamedTuple):
    """What is said for a symbol.

    Attributes:
        words: its name.
        symbol: the symbol, one character or more.
        explicit: whether it is said though something is said after it.
    """

    words: Phrase
    symbol: str
    explicit: bool


class Frame(NamedTuple):
    """What is said around the content of an enclosure."""

    before: Phrase
    after: Phrase


class SymbolTables:
    """The names of symbols in one language, with their chances.

    Args:
        language_name: the language.
        rates: probabilities.
    """

    def __init__(self, language_name: str, rates: Rates) -> None:
        self._symbols = spoken_symbols(language_name)
        self._rates = rates
        self._names: dict[str, Table[Phrase]] = {}
        self._by_run: dict[tuple[str, float], Table[Name]] = {}
        self._frames: dict[tuple[str, bool, bool], Table[Frame]] = {}
        self._of_rates = {
            "(": rates.of_for_parenthesis,
            "<": rates.of_for_parenthesis,
            "[": rates.of_for_bracket,
        }

    def run(self, run: str, explicit: float) -> Table[Name]:
        """Returns what may be said first for adjacent symbols.

        Args:
            run: the symbols, as many as the longest named symbol has.
            explicit: the chance that a single symbol is said though it need not be.
        """
        key = (run, explicit)
        table = self._by_run.get(key)
        if table is None:
            if len(self._by_run) >= _CACHED_RUNS:
                self._by_run.clear()
            table = self._by_run[key] = Table(self._named(run, explicit))
        return table

    def silent_underscore(self, explicit: float) -> Table[Name]:
        """Returns what may be said for an underscore alone, which mostly is nothing."""
        return self.run(UNDERSCORE, (1 - self._rates.silent_underscore) * explicit)

    def decimal_point(self, explicit: float) -> Table[Name]:
        """Returns what may be said for the point between two numbers."""
        key = ("0.0", explicit)
        table = self._by_run.get(key)
        if table is None:
            rate = self._rates.decimal_point
            chances = [
                (name._replace(words=words), weight * share)
                for name, weight in self._named(POINT, explicit)
                for words, share in ((_POINT, rate), (name.words, 1 - rate))
            ]
            merged: dict[Name, float] = {}
            for name, weight in chances:
                merged[name] = merged.get(name, 0.0) + weight
            table = self._by_run[key] = Table(merged.items())
        return table

    def _named(self, run: str, explicit: float) -> Iterator[tuple[Name, float]]:
        for symbol in self._symbols.starting(run):
            names = self._names_of(symbol)
            # Several characters are always said.
            said = explicit if len(symbol) == 1 else 1.0
            for words, weight in zip(names.options, names.weights, strict=True):
                yield Name(words, symbol, True), weight * said
                yield Name(words, symbol, False), weight * (1 - said)

    def _names_of(self, symbol: str) -> Table[Phrase]:
        table = self._names.get(symbol)
        if table is None:
            table = self._names[symbol] = tabulate(lambda choices: self._name(symbol, choices))
        return table

    def _name(self, symbol: str, choices: Choices) -> Phrase:
        rates = self._rates
        names = self._symbols.prioritised.get(symbol)
        if names is None or not choices.flip(rates.prioritised_name):
            names = self._symbols.names[symbol]
        name = choices.choose(names)
        return (*name, "sign") if choices.flip(rates.sign) else name

    def frame(self, enclosure: Enclosure, empty: bool, name_last: bool) -> Table[Frame]:
        """Returns what may be said around the content of an enclosure.

        Args:
            enclosure: what is around.
            empty: whether the content has no tokens.
            name_last: whether "in …" names come after the content.
        """
        key = (enclosure.opener, empty, name_last)
        table = self._frames.get(key)
        if table is None:
            table = self._frames[key] = tabulate(
                lambda choices: self._frame(enclosure, empty, name_last, choices)
            )
        return table

    def _frame(self, enclosure: Enclosure, empty: bool, name_last: bool, choices: Choices) -> Frame:
        rates = self._rates
        of = self._of_rates.get(enclosure.opener)
        if of is not None and choices.flip(of):
            return Frame(("of",), ())
        name = choices.choose(enclosure.names)
        if name[0] == "in":
            if name_last:
                return Frame((), name)
            if choices.flip(rates.drop_in_without_content if empty else rates.drop_in):
                name = name[1:]
        return Frame(name, ())


@lru_cache(maxsize=_CACHED_LANGUAGES)
def symbol_tables(language_name: str, rates: Rates) -> SymbolTables:
    """Returns what is said for symbols in the language of that name."""
    return SymbolTables(language_name, rates)
