"""The insert generator, led to given words.

What it decides about one identifier, symbol, number or pair of brackets is explored beforehand and
joined into outcomes that differ in what is said: most decisions cannot be heard (whether a word
that has no halves is split), and would double the ways to say a line each.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar, cast

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.explain.search import DeadEndError, Guide, Outcomes, StopRate, explore
from arqon_maestro.corpusgen.generation import Generated, MayStop, Options, Sampler, SnippetSource
from arqon_maestro.corpusgen.identifiers import Identifiers
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.punctuation import Punctuation
from arqon_maestro.corpusgen.rates import RATES, Rates
from arqon_maestro.corpusgen.spoken.symbols import Enclosure, Phrase
from arqon_maestro.corpusgen.tokens import CAPITAL, SPACE, TokenStream
from arqon_maestro.languages import Language

T = TypeVar("T", bound=Hashable)

# Of one identifier, symbol or number. A search for given words has few ways that fit.
_MOST_RUNS_STRICT = 3000
_MOST_RUNS_OPEN = 60
_TOLERANCE = 1e-10

_RATES = replace(RATES, stop=StopRate(RATES.stop))
# A title's second word comes after the first, a number that is glued to it, and a blank.
_SECOND_WORD = 3


class Wanted:
    """The words that a search looks for; none for any words."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._text = f" {' '.join(words)} "

    def hold(self, *parts: Sequence[str]) -> bool:
        """Returns whether the parts, one after the other, are somewhere among the words."""
        if not self.words:
            return True
        said = " ".join(word for part in parts for word in part)
        return not said or f" {said} " in self._text


class _Grouping:
    """Decides for a whole part of the generator at once."""

    def __init__(self, guide: Guide, wanted: Wanted) -> None:
        self.guide = guide
        self.inner = Guide(stops=guide.stops, strict=guide.strict)
        self.wanted = wanted
        # What was said in the range that is being said; empty while that is not known.
        self.said: Sequence[str] = ()
        self._outcomes: dict[Hashable, Outcomes[Hashable]] = {}

    def outcomes(self, key: Hashable, run: Callable[[], T]) -> Outcomes[T]:
        """Returns what `run` may return, known by `key`, which says what it depends on."""
        known = self._outcomes.get(key)
        if known is None:
            strict = self.inner.strict and bool(self.wanted.words)
            most_runs = _MOST_RUNS_STRICT if strict else _MOST_RUNS_OPEN
            found = explore(run, self.inner, most_runs=most_runs, tolerance=_TOLERANCE)
            known = self._outcomes[key] = cast("Outcomes[Hashable]", found.grouped())
        return cast("Outcomes[T]", known)

    def continues(self, words: Sequence[str]) -> bool:
        """Returns whether words may come next."""
        return self.wanted.hold(self.said, words)

    def possible(self, outcomes: Outcomes[tuple[str, ...]]) -> dict[tuple[str, ...], float]:
        """Returns the words that may come next, with their chances."""
        strict = self.inner.strict
        return {
            words: chance
            for words, chance in outcomes.chances
            if not strict or self.continues(words)
        }

    def pick(self, key: Hashable, run: Callable[[], T], fits: Callable[[T], bool]) -> T:
        return self.guide.pick(self.outcomes(key, run), fits)


class _LateSampler:
    """The coins of a mapping, each flipped when it is first looked at."""

    def __init__(self, choices: Choices, chances: dict[str, float]) -> None:
        self._choices = choices
        self._chances = chances
        self._flipped: dict[str, bool] = {}

    def __getattr__(self, name: str) -> bool:
        flipped = self._flipped.get(name)
        if flipped is None:
            flipped = self._flipped[name] = self._choices.flip(self._chances[name])
        return flipped


def _coins(sampler: Sampler) -> Sampler:
    """Returns the coins that decide whether symbols are said."""
    implicit = sampler.implicit_symbols
    return Sampler(implicit_symbols=implicit, explicit_bias=implicit and sampler.explicit_bias)


class _SaidIdentifier(NamedTuple):
    words: tuple[str, ...]
    output: tuple[str, ...]
    end: int
    cut: bool


class _GroupedIdentifiers(Identifiers):
    def __init__(
        self,
        stream: TokenStream,
        language: Language,
        grouping: _Grouping,
        rates: Rates,
        snippets: SnippetSource | None,
    ) -> None:
        super().__init__(stream, language, grouping.inner, Options(), rates, snippets)
        self._grouping = grouping

    def say(
        self,
        at: int,
        stop: int,
        partials: bool,
        sampler: Sampler,
        words: list[str],
        output: list[str],
        may_stop: MayStop | None = None,
    ) -> tuple[int, bool]:
        title = (
            self._shape[at] == CAPITAL
            and SPACE in self._shape[at + 1 : min(at + _SECOND_WORD, stop)]
            and sampler.title_as_capitals
        )
        grouping = self._grouping
        grouping.said = words  # the list itself, which grows
        said = grouping.pick(
            ("identifier", at, stop, partials, title, may_stop),
            lambda: self._once(at, stop, partials, Sampler(title_as_capitals=title), may_stop),
            lambda outcome: grouping.continues(outcome.words),
        )
        words += said.words
        output += said.output
        return said.end, said.cut

    def _once(
        self, at: int, stop: int, partials: bool, sampler: Sampler, may_stop: MayStop | None
    ) -> _SaidIdentifier:
        words: list[str] = []
        output: list[str] = []
        end, cut = super().say(at, stop, partials, sampler, words, output, may_stop)
        return _SaidIdentifier(tuple(words), tuple(output), end, cut)

    def _word(
        self, index: int, first_in_lower_case: bool, words: list[str], output: list[str]
    ) -> None:
        super()._word(index, first_in_lower_case, words, output)
        if self._grouping.inner.strict and not self._grouping.wanted.hold(words):
            raise DeadEndError


class _GroupedPunctuation(Punctuation):
    def __init__(
        self, stream: TokenStream, language: Language, grouping: _Grouping, rates: Rates
    ) -> None:
        super().__init__(stream, language, grouping.inner, rates)
        self._once = Punctuation(stream, language, grouping.inner, rates)
        self._grouping = grouping

    def explicit(self, sampler: Sampler) -> bool:
        coins = _coins(sampler)
        if not coins.implicit_symbols:
            return True
        once = self._once.explicit
        return self._grouping.pick(("explicit", coins), lambda: once(coins), lambda _: True)

    def symbol(self, run: str, at: int, sampler: Sampler) -> tuple[str, Phrase, bool]:
        coins = _coins(sampler)
        once, grouping = self._once.symbol, self._grouping
        return grouping.pick(
            ("symbol", run, at, coins),
            lambda: once(run, at, coins),
            lambda said: not said[2] or grouping.continues(said[1]),
        )

    def enclosure(self, run: str, at: int, stop: int) -> tuple[Enclosure, int] | None:
        once = self._once.enclosure
        return self._grouping.pick(
            ("enclosure", run, at, stop), lambda: once(run, at, stop), lambda _: True
        )

    def enclosed(
        self, enclosure: Enclosure, inner_words: list[str], empty: bool, sampler: Sampler
    ) -> list[str]:
        once, grouping = self._once.enclosed, self._grouping

        def outcomes(after: bool) -> Outcomes[tuple[str, ...]]:
            coins = Sampler(enclosure_after_content=after)
            return grouping.outcomes(
                ("enclosed", enclosure, tuple(inner_words), empty, after),
                lambda: tuple(once(enclosure, inner_words, empty, coins)),
            )

        # The coin is looked at only where it can be heard.
        chosen = outcomes(False)
        if grouping.possible(chosen) != grouping.possible(outcomes(True)):
            chosen = outcomes(sampler.enclosure_after_content)
        said = grouping.guide.pick(chosen, grouping.continues)
        return list(said)

    def number(self, at: int) -> list[str]:
        once, grouping = self._once.number, self._grouping
        said = grouping.pick(("number", at), lambda: tuple(once(at)), grouping.continues)
        return list(said)


class LedGenerator(InsertGenerator):
    """Says ranges of one file as a guide wants it.

    Args:
        stream: the file.
        language: its language.
        guide: leads the search.
        wanted: the words that it looks for.
        snippets: the file's syntax tree.
    """

    def __init__(
        self,
        stream: TokenStream,
        language: Language,
        guide: Guide,
        wanted: Wanted,
        snippets: SnippetSource | None,
    ) -> None:
        super().__init__(stream, language, guide, snippets=snippets, rates=_RATES)
        self._grouping = grouping = _Grouping(guide, wanted)
        self._punctuation = _GroupedPunctuation(stream, language, grouping, _RATES)
        self._identifiers = _GroupedIdentifiers(stream, language, grouping, _RATES, snippets)

    def draw_sampler(self) -> Sampler:
        rates = self.rates
        chances = {
            "spaces_may_be_spoken": self._spaces_may_be_spoken,
            "implicit_symbols": rates.implicit_symbols,
            "explicit_bias": rates.explicit_bias,
            "title_as_capitals": rates.title_as_capitals,
            "enclosure_after_content": rates.enclosure_after_content,
        }
        return cast("Sampler", _LateSampler(self.choices, chances))

    def _say(
        self, start: int, stop: int, partials: bool, sampler: Sampler, implicit: bool, depth: int
    ) -> Generated:
        grouping = self._grouping
        around, grouping.said = grouping.said, ()
        try:
            return super()._say(start, stop, partials, sampler, implicit, depth)
        finally:
            grouping.said = around
