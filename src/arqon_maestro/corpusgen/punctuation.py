"""Names for symbols, enclosures and numbers (corpusgen.md, sections 3.6, 3.7, 3.9)."""

from __future__ import annotations

import re

from arqon_maestro.corpusgen.brackets import Brackets
from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.generation import Sampler
from arqon_maestro.corpusgen.rates import Rates
from arqon_maestro.corpusgen.spoken.numbers import DIGITS, speak_number
from arqon_maestro.corpusgen.spoken.symbols import Enclosure, Phrase, spoken_symbols
from arqon_maestro.corpusgen.tokens import TokenStream
from arqon_maestro.languages import Language

SYMBOLS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_SYMBOL_RUN = re.compile(r"[!-/:-@\[-`{-~]+")
# An underscore alone may stay unsaid only with as many units left in the file (section 3.6).
_UNITS_AFTER_SILENT = 3


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
        self._choices = choices
        self._rates = rates
        self._symbols = spoken_symbols(language.name)
        self._brackets = Brackets(stream.shape)
        self._of_rates = {
            "(": rates.of_for_parenthesis,
            "<": rates.of_for_parenthesis,
            "[": rates.of_for_bracket,
        }
        self.openers = self._symbols.openers

    def run(self, at: int, stop: int) -> str:
        """Returns the adjacent symbols from `at` on, as many as the longest named symbol has."""
        after = at + 1
        if after >= stop or self._shape[after] not in SYMBOLS:
            return self._shape[at]
        found = _SYMBOL_RUN.match(self._shape, at, min(stop, at + self._symbols.longest))
        return found[0] if found else ""

    def explicit(self, sampler: Sampler) -> bool:
        """Decides whether a symbol or an enclosure is said though it need not be."""
        if not sampler.implicit_symbols:
            return True
        return sampler.explicit_bias == self._choices.flip(self._rates.follow_bias)

    def symbol(self, run: str, at: int, sampler: Sampler) -> tuple[str, Phrase, bool]:
        """Chooses the symbol that is said at `at`, its name, and whether it is said in any case.

        Args:
            run: the adjacent symbols that begin there.
            at: index of the first.
            sampler: the mapping's coins.
        """
        choices, rates = self._choices, self._rates
        candidates = self._symbols.starting(run)
        symbol = candidates[0] if len(candidates) == 1 else choices.choose(candidates)
        if run == "_" and at > 1 and len(self._shape) - at >= _UNITS_AFTER_SILENT:
            explicit = not choices.flip(rates.silent_underscore) and self.explicit(sampler)
        else:
            explicit = len(symbol) > 1 or not sampler.implicit_symbols or self.explicit(sampler)
        between_numbers = symbol == "." and self._shape[at - 1 : at + 2] == "n.n"
        if between_numbers and choices.flip(rates.decimal_point):
            return symbol, ("point",), explicit
        names = self._symbols.prioritised.get(symbol)
        if names is None or not choices.flip(rates.prioritised_name):
            names = self._symbols.names[symbol]
        name = names[0] if len(names) == 1 else choices.choose(names)
        return symbol, (*name, "sign") if choices.flip(rates.sign) else name, explicit

    def enclosure(self, run: str, at: int, stop: int) -> tuple[Enclosure, int] | None:
        """Chooses the enclosure that opens at `at`; returns it and where it closes.

        None if there is none in the range, or if its symbols are to be said one by one.
        """
        choices = self._choices
        candidates = self._symbols.opening(run)
        if not candidates:
            return None
        chosen = candidates[0] if len(candidates) == 1 else choices.choose(candidates)
        close = self._brackets.closer(chosen.opener, chosen.closer, at, stop, chosen.lines)
        if close is None or choices.flip(self._rates.plain_instead_of_enclosure):
            return None
        return chosen, close

    def enclosed(
        self, enclosure: Enclosure, inner_words: list[str], empty: bool, sampler: Sampler
    ) -> list[str]:
        """Returns the words of an enclosure: its name, and what is said inside.

        Args:
            enclosure: what is around.
            inner_words: what is said inside.
            empty: whether the content has no tokens.
            sampler: the mapping's coins.
        """
        choices, rates = self._choices, self._rates
        of = self._of_rates.get(enclosure.opener)
        if of is not None and choices.flip(of):
            return ["of", *inner_words]
        name = choices.choose(enclosure.names)
        if name[0] == "in":
            if sampler.enclosure_after_content:
                return [*inner_words, *name]
            if choices.flip(rates.drop_in_without_content if empty else rates.drop_in):
                name = name[1:]
        return [*name, *inner_words]

    def number(self, at: int) -> list[str]:
        """Says the number at `at`; what follows a decimal point mostly digit by digit."""
        choices, rates = self._choices, self._rates
        digits = self._stream.text[at]
        decimal = self._shape[at - 1] == "." and at > 1 and self._shape[at - 2] == "n"
        if decimal and choices.flip(rates.decimal_digits):
            words = [DIGITS[int(digit)] for digit in digits]
        else:
            words = speak_number(digits, choices)
        if choices.flip(rates.numeral):
            words.insert(0, "numeral")
        return words
