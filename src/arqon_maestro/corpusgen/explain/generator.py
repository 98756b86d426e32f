"""The insert generator, led to given words.

What it decides about one identifier, symbol, number or pair of brackets is explored beforehand and
joined into outcomes that differ in what is said: most decisions cannot be heard (whether a word
that has no halves is split), and would double the ways to say a line each.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar, cast

from arqon_maestro.corpusgen.explain.coins import LateSampler
from arqon_maestro.corpusgen.explain.search import DeadEndError, Guide, Outcomes, StopRate, explore
from arqon_maestro.corpusgen.generation import Coins, Generated, Options, Sampler, SnippetSource
from arqon_maestro.corpusgen.identifiers import Identifiers, WordEvent
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.punctuation import Punctuation
from arqon_maestro.corpusgen.rates import RATES, Rates
from arqon_maestro.corpusgen.spoken.symbol_tables import Frame, Name
from arqon_maestro.corpusgen.spoken.symbols import Enclosure
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

    def possible(self, outcomes: Outcomes[T], fits: Callable[[T], bool]) -> dict[T, float]:
        """Returns what may come next, with the chances."""
        strict = self.inner.strict
        return {what: chance for what, chance in outcomes.chances if not strict or fits(what)}

    def pick(self, key: Hashable, run: Callable[[], T], fits: Callable[[T], bool]) -> T:
        return self.guide.pick(self.outcomes(key, run), fits)


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

    def say_single(
        self, at: int, stop: int, unusual: bool, words: list[str], output: list[str]
    ) -> None:
        grouping = self._grouping
        grouping.said = words  # the list itself, which grows
        said = grouping.pick(
            ("single", at, stop),
            lambda: self._once(
                lambda said, made: Identifiers.say_single(self, at, stop, True, said, made)
            ),
            lambda outcome: grouping.continues(outcome.words),
        )
        words += said.words
        output += said.output

    def say(
        self,
        at: int,
        stop: int,
        left: int,
        sampler: Coins,
        words: list[str],
        output: list[str],
    ) -> tuple[int, bool, int]:
        title = (
            self._shape[at] == CAPITAL
            and SPACE in self._shape[at + 1 : min(at + _SECOND_WORD, stop)]
            and sampler.title_as_capitals
        )
        grouping = self._grouping
        grouping.said = words  # the list itself, which grows
        coins = Sampler(title_as_capitals=title)
        said = grouping.pick(
            ("identifier", at, stop, left, title, self.may_stop),
            lambda: self._once(
                lambda said, made: Identifiers.say(self, at, stop, left, coins, said, made)
            ),
            lambda outcome: grouping.continues(outcome.words),
        )
        words += said.words
        output += said.output
        return said.end, said.cut, left

    def _once(
        self, say: Callable[[list[str], list[str]], tuple[int, bool, int] | None]
    ) -> _SaidIdentifier:
        # Each word is a decision of its own, whatever was decided about others before.
        self._wait = 1
        words: list[str] = []
        output: list[str] = []
        end, cut, _ = say(words, output) or (0, False, 0)
        return _SaidIdentifier(tuple(words), tuple(output), end, cut)

    def _word(
        self,
        index: int,
        event: WordEvent,
        first_in_lower_case: bool,
        words: list[str],
        output: list[str],
    ) -> None:
        super()._word(index, event, first_in_lower_case, words, output)
        if self._grouping.inner.strict and not self._grouping.wanted.hold(words):
            raise DeadEndError


class _GroupedPunctuation(Punctuation):
    def __init__(
        self, stream: TokenStream, language: Language, grouping: _Grouping, rates: Rates
    ) -> None:
        super().__init__(stream, language, grouping.inner, rates)
        self._once = Punctuation(stream, language, grouping.inner, rates)
        self._grouping = grouping

    def symbol(self, run: str, at: int, explicit: float) -> Name:
        once, grouping = self._once.symbol, self._grouping
        return grouping.pick(
            ("symbol", run, at, explicit),
            lambda: once(run, at, explicit),
            lambda said: not said.explicit or grouping.continues(said.words),
        )

    def enclosure(self, run: str, at: int, stop: int) -> tuple[Enclosure, int] | None:
        once = self._once.enclosure
        return self._grouping.pick(
            ("enclosure", run, at, stop), lambda: once(run, at, stop), lambda _: True
        )

    def frame(
        self, enclosure: Enclosure, inner_words: list[str], empty: bool, sampler: Coins
    ) -> Frame:
        once, grouping = self._once.frame, self._grouping

        def outcomes(after: bool) -> Outcomes[Frame]:
            coins = Sampler(enclosure_after_content=after)
            return grouping.outcomes(
                ("frame", enclosure, empty, after),
                lambda: once(enclosure, inner_words, empty, coins),
            )

        def fits(frame: Frame) -> bool:
            return grouping.continues((*frame.before, *inner_words, *frame.after))

        # The coin is looked at only where it can be heard.
        chosen = outcomes(False)
        if grouping.possible(chosen, fits) != grouping.possible(outcomes(True), fits):
            chosen = outcomes(sampler.enclosure_after_content)
        return grouping.guide.pick(chosen, fits)

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
        self._descend = self._descent()

    def say(
        self, start: int, stop: int, partials: bool, sampler: Coins, implicit: bool, depth: int
    ) -> Generated:
        grouping = self._grouping
        around, grouping.said = grouping.said, ()
        try:
            return super().say(start, stop, partials, sampler, implicit, depth)
        finally:
            grouping.said = around

    def draw_sampler(self) -> Coins:
        rates = self.rates
        chances = {
            "spaces_may_be_spoken": self._spaces_may_be_spoken,
            "implicit_symbols": rates.implicit_symbols,
            "explicit_bias": rates.explicit_bias,
            "title_as_capitals": rates.title_as_capitals,
            "enclosure_after_content": rates.enclosure_after_content,
        }
        return cast("Coins", LateSampler(self.choices, chances))
