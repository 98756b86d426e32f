"""Says identifiers and their words (corpusgen.md, sections 3.5 and 3.8)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from arqon_maestro.corpusgen import styles
from arqon_maestro.corpusgen.choices import Choices, Table, tabulate
from arqon_maestro.corpusgen.generation import Coins, MayStop, Options, SnippetSource
from arqon_maestro.corpusgen.rates import Rates
from arqon_maestro.corpusgen.spoken.dictionary import dictionary_words
from arqon_maestro.corpusgen.spoken.numbers import speak_number
from arqon_maestro.corpusgen.spoken.symbols import Phrase, spoken_symbols, style_names
from arqon_maestro.corpusgen.spoken.words import acronyms, aliases, alternative, halves
from arqon_maestro.corpusgen.tokens import NUMBER, SPACE, WORDS, TokenStream
from arqon_maestro.languages import Language

_RELABELS = {
    styles.LOWERCASE: (styles.UNDERSCORES, styles.CAMEL_CASE),
    styles.CAPITALIZED: (styles.PASCAL_CASE, styles.TITLE_CASE),
}
_DELIMITED = (styles.UNDERSCORES, styles.DASHES)
_WORD_KINDS = frozenset(WORDS)
_CACHED_EVENTS = 64


class WordEvent(NamedTuple):
    """What is unusual about how a word is said.

    Attributes:
        composite: it is split, if it can be. altered: it is spelled, if it can be.
        wake: it gives way to the wake word. The last two are of text mode.
        relabelled: a single word is said to have another style, if it can.
        named: the style of a single word in lower case is said.
    """

    composite: bool = False
    altered: bool = False
    wake: bool = False
    relabelled: bool = False
    named: bool = False


_USUAL = WordEvent()


class _Events(NamedTuple):
    """How often something about a word is unusual, and what it is then."""

    rate: float
    what: Table[WordEvent]


@lru_cache(maxsize=_CACHED_EVENTS)
def _events(rates: Rates, alternative_words: bool, single: bool) -> _Events:
    """Returns the unusual ways to say a word.

    Args:
        rates: probabilities.
        alternative_words: whether words are spelled, and the wake word said.
        single: whether the word is a whole identifier in lower case.
    """
    chances = (
        rates.composite,
        rates.alternative if alternative_words else 0.0,
        rates.wake_word if alternative_words else 0.0,
        rates.relabel_single_word if single else 0.0,
        rates.explicit_lower_case if single else 0.0,
    )
    table = tabulate(lambda choices: WordEvent(*map(choices.flip, chances)))
    usual = dict(zip(table.options, table.weights, strict=True)).get(_USUAL, 0.0)
    if usual == 1:
        return _Events(0.0, table)
    return _Events(1 - usual, table.without(_USUAL))


class _Said(NamedTuple):
    """What is said of an identifier's style: its name, or its delimiters."""

    words: Phrase = ()
    delimiters: bool = False


@lru_cache(maxsize=_CACHED_EVENTS)
def _style_said(style: str, rate: float, delimited: bool, speak_delimiters: float) -> Table[_Said]:
    """Returns what is said of a style that is explicit at `rate`."""

    def run(choices: Choices) -> _Said:
        if not choices.flip(rate):
            return _Said()
        if delimited and choices.flip(speak_delimiters):
            return _Said(delimiters=True)
        return _Said(choices.choose(style_names()[style]))

    return tabulate(run)


# A longer identifier is said in pieces: after each early stop in it, its end would be looked for.
_MOST_UNITS = 1000


class Identifiers:
    """Says the identifiers of one file.

    Args:
        stream: the file.
        language: its language.
        choices: makes every decision.
        options: what is added in text mode.
        rates: probabilities.
        snippets: the file's syntax tree; tells strings and comments from code.

    Attributes:
        special: words that may be said otherwise more often than others.
        single_rate: how often something is unusual about a single word in lower case.
        may_stop: where a range may be cut short by chance; everywhere if None.
    """

    def __init__(
        self,
        stream: TokenStream,
        language: Language,
        choices: Choices,
        options: Options,
        rates: Rates,
        snippets: SnippetSource | None,
    ) -> None:
        self._stream = stream
        self._shape = stream.shape
        self._choices = choices
        self._text = stream.text
        self._printed = stream.printed
        self._flip, self._draw = choices.flip, choices.draw
        self._alternative_words = options.alternative_words
        self._rates = rates
        self._aliases = aliases()
        self._style_names = style_names()
        self._symbol_names = spoken_symbols(language.name).names
        common = rates.explicit_style_in_prose if language.prose else rates.explicit_style
        self._explicit_in_code = dict.fromkeys(self._style_names, common)
        if language.usual_style is not None:
            self._explicit_in_code[language.usual_style] = rates.explicit_usual_style
        self._explicit_in_text = dict.fromkeys(self._style_names, rates.explicit_style)
        # Where both are the same there is no need to ask.
        same = self._explicit_in_code == self._explicit_in_text
        self._in_text = None if snippets is None or same else snippets.in_text
        self._explicit_lower_case = rates.explicit_lower_case
        self._relabel = rates.relabel_single_word
        self._style_tables = {
            (style, delimited, in_text): _style_said(
                style,
                self._explicit_rate(style, in_text),
                delimited,
                rates.speak_delimiters,
            )
            for style in self._style_names
            for delimited in (False, True)
            for in_text in (False, True)
        }
        spelled = acronyms() if options.alternative_words else frozenset[str]()
        self.special = spelled.union(self._aliases)
        self._single = _events(rates, options.alternative_words, single=True)
        self.single_rate = self._single.rate
        self._other = _events(rates, options.alternative_words, single=False)
        self._wait = choices.wait(self._other.rate)
        self.may_stop: MayStop | None = None

    def say_single(
        self, at: int, stop: int, unusual: bool, words: list[str], output: list[str]
    ) -> None:
        """Says a single word in lower case, which is an identifier.

        Args:
            at: its index.
            stop: end of the range.
            unusual: whether to ask if something about it is unusual.
            words: gets the words that are said.
            output: gets the printed units.
        """
        event, style = _USUAL, styles.LOWERCASE
        if unusual and self._choices.happens(self.single_rate):
            event = self._draw(self._single.what)
            named = event.named
            if event.relabelled:
                style = self._relabelled(style, at, stop)
                if style != styles.LOWERCASE:
                    named = self._flip(self._explicit(style, at))
            if named:
                words += self._choices.choose(self._style_names[style])
        self._word(at, event, style == styles.LOWERCASE, words, output)

    def say(
        self,
        at: int,
        stop: int,
        left: int,
        sampler: Coins,
        words: list[str],
        output: list[str],
    ) -> tuple[int, bool, int]:
        """Says the identifier that starts at unit `at`, or its beginning.

        Args:
            at: index of a word.
            stop: end of the range.
            left: in how many trials to ask whether to stop; there is one before each unit but
                the first. If it is cut short, the rest is left whole, a delimiter before it
                included.
            sampler: the mapping's coins.
            words: gets the words that are said.
            output: gets the printed units.

        Returns:
            Index after what was said, whether it was cut short, and what is left of `left`.
        """
        shape = self._shape
        end, style, cut, left = self._extent(at, stop, left, sampler)
        delimited = style in _DELIMITED and end - at > 1
        said_words, speak_delimiters = self._draw(
            self._style_tables[style, delimited, self._in_text is not None and self._in_text(at)]
        )
        words += said_words
        special, texts, printed = self.special, self._text, self._printed
        wait = self._wait
        for index in range(at, end):
            kind = shape[index]
            if kind in _WORD_KINDS:
                wait -= 1
                word = texts[index]
                if wait and word not in special:
                    words.append(word)
                    output.append(printed[index])
                    continue
                event = _USUAL
                if not wait:
                    rate = self._other.rate
                    wait = self._choices.wait(rate)
                    if self._choices.happens(rate):
                        event = self._draw(self._other.what)
                first = index == at and style == styles.LOWERCASE
                self._word(index, event, first, words, output)
                continue
            if kind == NUMBER:
                words += speak_number(texts[index], self._choices)
            elif speak_delimiters and self._flip(self._rates.speak_delimiter):
                words += self._choices.choose(self._symbol_names[kind])
            output.append(printed[index])
        self._wait = wait
        return end, cut, left

    def _extent(self, at: int, stop: int, left: int, sampler: Coins) -> tuple[int, str, bool, int]:
        """Returns where the identifier ends, its style, whether it was cut short, and `left`."""
        choices, rates, shape = self._choices, self._rates, self._shape
        stop = min(stop, at + _MOST_UNITS)
        found = styles.identifier(shape, at, stop)
        end = found.end()
        cut = False
        if left >= end - at:
            left -= end - at - 1
        else:
            for boundary in range(at + 1, end):
                left -= 1
                if left:
                    continue
                left = choices.wait(rates.stop)
                may_stop = self.may_stop
                if (may_stop is None or may_stop(boundary)) and choices.happens(rates.stop):
                    cut = True
                    found = styles.identifier(shape, at, boundary)
                    end = found.end()
                    break
        candidates = styles.styles_of(found)
        style = candidates[0] if len(candidates) == 1 else choices.choose(candidates)
        if style == styles.TITLE_CASE and sampler.title_as_capitals:
            return styles.first_word_end(shape, at, end), styles.CAPITALIZED, cut, left
        if end - at == 1 and style in _RELABELS and choices.flip(self._relabel):
            style = self._relabelled(style, at, stop)
        return end, style, cut, left

    def _relabelled(self, style: str, at: int, stop: int) -> str:
        """Returns another style that a single word may be said to have."""
        following = self._shape[at + 1 : min(at + 3, stop)]
        if style == styles.LOWERCASE and following[:1] == SPACE and following[1:] in _WORD_KINDS:
            return style
        return self._choices.choose(_RELABELS[style])

    def _explicit_rate(self, style: str, in_text: bool) -> float:
        """Returns how often the style's name is said, in a string or comment or in code."""
        if style == styles.LOWERCASE:
            return self._explicit_lower_case
        return (self._explicit_in_text if in_text else self._explicit_in_code)[style]

    def _explicit(self, style: str, at: int) -> float:
        """Returns how often the style's name is said of an identifier at `at`."""
        return self._explicit_rate(style, self._in_text is not None and self._in_text(at))

    def _word(
        self,
        index: int,
        event: WordEvent,
        first_in_lower_case: bool,
        words: list[str],
        output: list[str],
    ) -> None:
        """Says one word (section 3.8); the output has two units where it is split."""
        word = self._text[index]
        if event.composite:
            split = self._split(word)
            if split is not None:
                self._composite(index, split, first_in_lower_case, words, output)
                return
        output.append(self._printed[index])
        others = self._aliases.get(word)
        if others is not None and self._flip(self._rates.alias):
            for part in self._choices.choose(others):
                words += self._alias_part(part)
        elif self._alternative_words:
            words += alternative(word, event.altered, event.wake, self._choices, self._rates)
        else:
            words.append(word)

    def _alias_part(self, part: str) -> Sequence[str]:
        """Says a word of an alias, about which no event tells anything."""
        if not self._alternative_words:
            return (part,)
        altered, wake = self._flip(self._rates.alternative), self._flip(self._rates.wake_word)
        return alternative(part, altered, wake, self._choices, self._rates)

    def _split(self, word: str) -> tuple[str, str] | None:
        splits = halves(word)
        if not splits:
            return None
        known = word in dictionary_words()
        if known and not self._flip(self._rates.composite_in_dictionary):
            return None
        return splits[0] if len(splits) == 1 else self._choices.choose(splits)

    def _composite(
        self,
        index: int,
        split: tuple[str, str],
        first_in_lower_case: bool,
        words: list[str],
        output: list[str],
    ) -> None:
        flip, rates = self._flip, self._rates
        first, second = split
        marker, _, _ = self._printed[index].rpartition(" ")
        output.append(f"{marker} {first}" if marker else first)
        output.append(f"{marker} {second}" if marker == "A" else second)
        if flip(rates.one_word):
            if first_in_lower_case and flip(rates.lower_case_for_one_word):
                words += self._choices.choose(self._style_names[styles.LOWERCASE])
            else:
                words += ("one", "word")
        words += split
