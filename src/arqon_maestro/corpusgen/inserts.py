"""Says ranges of source text: the insert generator (corpusgen.md, sections 3.2 to 3.9).

A range is walked unit by unit until it ends or generation stops. What is said of blanks and some
symbols depends on what follows them; that is settled at the end. Nesting is limited, and nothing
else recurses, so that no source is too deep or too long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from arqon_maestro.corpusgen.choices import NEVER, Choices, Table, tabulate
from arqon_maestro.corpusgen.generation import (
    Coins,
    Generated,
    MayStop,
    Options,
    Sampler,
    Snippet,
    SnippetSource,
)
from arqon_maestro.corpusgen.identifiers import Identifiers
from arqon_maestro.corpusgen.punctuation import SYMBOLS, Punctuation
from arqon_maestro.corpusgen.rates import FILLERS, RATES, Rates
from arqon_maestro.corpusgen.spoken.symbols import Phrase
from arqon_maestro.corpusgen.tokens import LINE_BREAKS, NUMBER, SPACE, WORDS, TokenStream
from arqon_maestro.languages import Language

# Brackets nested deeper than this are said as plain symbols.
_DEEPEST_NESTING = 40
_CACHED_SAMPLERS = 64

_WORD, _SINGLE, _SPACE, _NUMBER, _BREAK, _SYMBOL = range(6)
_SNIPPET = 8  # added where a snippet may start
_SINGLE_SHAPE = "W"
_KINDS = {
    **dict.fromkeys(WORDS, _WORD),
    _SINGLE_SHAPE: _SINGLE,
    SPACE: _SPACE,
    NUMBER: _NUMBER,
    **dict.fromkeys(LINE_BREAKS, _BREAK),
}
_KIND_OF_BYTE = bytes(_KINDS.get(chr(byte), _SYMBOL) for byte in range(256))
# A word in lower case that is an identifier of its own: nothing behind it joins it.
_SINGLE_WORD = re.compile(r"w(?![-_cuon])")
_SPACE_RUN = re.compile(r" +")

_Tail = tuple[int, int, int, int, bool, Any]
"""A run of blanks or a ``;`` that may be last: its index, the words and output before it, its
units, whether it is said, and the one before it."""
_Silent = tuple[int, int, Phrase]
"""A symbol that is said only if nothing is said after it: words and output before it, name."""
_Descend = Callable[["InsertGenerator", int, int, bool, Coins, bool, int], Generated]
"""Says a range, as `InsertGenerator.say` does, for a generator."""


def _run_length(shape: str, at: int, stop: int) -> int:
    found = _SPACE_RUN.match(shape, at, stop)
    return found.end() - at if found else 0


def _draw_sampler(choices: Choices, spaces_may_be_spoken: float, rates: Rates) -> Sampler:
    flip = choices.flip
    implicit = flip(rates.implicit_symbols)
    return Sampler(
        flip(spaces_may_be_spoken),
        implicit,
        implicit and flip(rates.explicit_bias),
        flip(rates.title_as_capitals),
        flip(rates.enclosure_after_content),
    )


@lru_cache(maxsize=_CACHED_SAMPLERS)
def _samplers(spaces_may_be_spoken: float, rates: Rates) -> Table[Sampler]:
    return tabulate(lambda choices: _draw_sampler(choices, spaces_may_be_spoken, rates))


class InsertGenerator:
    """Says ranges of one file.

    Args:
        stream: the file.
        language: its language.
        choices: makes every decision.
        options: what is added in text mode.
        snippets: the file's syntax tree, whose nodes may be said inside an insert.
        rates: probabilities.

    Attributes:
        nesting: how many syntax nodes are being said, one inside the other.
    """

    def __init__(
        self,
        stream: TokenStream,
        language: Language,
        choices: Choices,
        *,
        options: Options | None = None,
        snippets: SnippetSource | None = None,
        rates: Rates = RATES,
    ) -> None:
        self.stream = stream
        self.language = language
        self.choices = choices
        self.options = options or Options()
        self.snippets = snippets
        self.rates = rates
        self._shape = shape = stream.shape
        kinds = _SINGLE_WORD.sub(_SINGLE_SHAPE, shape).encode("ascii").translate(_KIND_OF_BYTE)
        self._kinds = bytearray(kinds)
        if snippets is not None:
            for start in snippets.starts:
                self._kinds[start] |= _SNIPPET
        self._printed = stream.printed
        self._text = stream.text
        self._spaces_may_be_spoken = (
            rates.spaces_may_be_spoken_in_prose if language.prose else rates.spaces_may_be_spoken
        )
        self._samplers = _samplers(self._spaces_may_be_spoken, rates)
        self._punctuation = Punctuation(stream, language, choices, rates)
        self._identifiers = Identifiers(stream, language, choices, self.options, rates, snippets)
        self.nesting = 0
        self._descend = self._descent()

    def draw_sampler(self) -> Coins:
        """Flips the coins that hold for one mapping (section 3.3)."""
        return self.choices.draw(self._samplers)

    def generate(
        self,
        start: int,
        stop: int,
        *,
        partials: bool = True,
        sampler: Coins | None = None,
        trailing_implicit: bool = False,
        may_stop: MayStop | None = None,
    ) -> Generated:
        """Says units from `start` to `stop`, or as far as generation gets.

        A line break always ends it. The output is a contiguous piece of the source (nested
        snippets apart), and after it the closers of enclosures that ended early; what is not in
        it is in `remaining`, but for a last ``;`` or blank that nobody says.

        Args:
            start: index of the first unit.
            stop: index after the last.
            partials: whether generation may stop before the end by chance.
            sampler: the mapping's coins; drawn if None.
            trailing_implicit: whether symbols may stay unsaid though nothing follows them.
            may_stop: where it may stop by chance; everywhere if None.
        """
        sampler = sampler or self.draw_sampler()
        identifiers = self._identifiers
        before, identifiers.may_stop = identifiers.may_stop, may_stop
        try:
            return self.say(start, stop, partials, sampler, trailing_implicit, 0)
        finally:
            identifiers.may_stop = before

    def say(
        self, start: int, stop: int, partials: bool, sampler: Coins, implicit: bool, depth: int
    ) -> Generated:
        """As `generate`, for a range at a depth of nesting, with all that it needs given."""
        return self._descend(self, start, stop, partials, sampler, implicit, depth)

    def _descent(self) -> _Descend:
        """Returns the function that says a range.

        It is made once for a file, so that what does not change, and the counts to what is rare,
        are at hand in every range without being looked up. It is given the generator anew each
        time: a file's data would live on if the two held each other.
        """
        shape, kinds, printed, text = self._shape, self._kinds, self._printed, self._text
        choices, rates, snippets = self.choices, self.rates, self.snippets
        flip, wait, happens = choices.flip, choices.wait, choices.happens
        punctuation, identifiers = self._punctuation, self._identifiers
        openers, special = punctuation.openers, identifiers.special
        stop_rate, single_rate = rates.stop, identifiers.single_rate
        filler_rate = rates.filler if self.options.fillers else 0.0
        # In how many trials to ask whether to stop, a single word is unusual, a filler is said.
        until_stop, until_unusual, until_filler = map(wait, (stop_rate, single_rate, filler_rate))

        def descend(
            generator: InsertGenerator,
            start: int,
            stop: int,
            partials: bool,
            sampler: Coins,
            implicit: bool,
            depth: int,
        ) -> Generated:
            nonlocal until_stop, until_unusual, until_filler
            words: list[str] = []
            output: list[str] = []
            remaining: list[tuple[int, int]] = []
            silent: list[_Silent] = []
            tail: _Tail | None = None
            explicit_rate = punctuation.explicit_rate(sampler) if sampler.implicit_symbols else 1.0
            at = said = start
            partial = False
            roll = partials and depth > 0  # the roll comes after a unit, and an opener is one
            while at < stop:
                what = kinds[at]
                if what == _BREAK:
                    partial = True
                    break
                if roll:
                    until_stop -= 1
                    if not until_stop:
                        until_stop = wait(stop_rate)
                        may_stop = identifiers.may_stop
                        if (may_stop is None or may_stop(at)) and happens(stop_rate):
                            partial = True
                            break
                roll = partials
                until_filler -= 1
                if not until_filler:
                    until_filler = wait(filler_rate)
                    if happens(filler_rate):
                        words.append(choices.choose(FILLERS))
                        continue
                if what >= _SNIPPET:
                    what -= _SNIPPET
                    assert snippets is not None  # nothing else marks where they start
                    nested = generator._snippet(snippets.starting_at(at, stop), sampler)
                    if nested is not None:
                        words += nested.words
                        output += nested.output
                        remaining += nested.remaining
                        at = said = nested.stop
                        if nested.partial:
                            partial = True
                            break
                        continue
                if what == _SINGLE:
                    until_unusual -= 1
                    word = text[at]
                    if until_unusual and word not in special:
                        words.append(word)
                        output.append(word)
                    else:
                        unusual = not until_unusual
                        if unusual:
                            until_unusual = wait(single_rate)
                        identifiers.say_single(at, stop, unusual, words, output)
                    said = at = at + 1
                    continue
                if what == _SYMBOL:
                    run = symbol = shape[at]
                    after = at + 1
                    if after < stop and shape[after] in SYMBOLS:
                        run = punctuation.run(at, stop)
                    if symbol in openers and depth < _DEEPEST_NESTING:
                        found = punctuation.enclosure(run, at, stop)
                        if found is not None:
                            enclosure, close = found
                            opener, closer = enclosure.opener, enclosure.closer
                            inner = generator.say(
                                at + len(opener), close, partials, sampler, True, depth + 1
                            )
                            if (
                                explicit_rate == 1
                                or flip(explicit_rate)
                                or not (inner.words or implicit)
                            ):
                                before, behind = punctuation.frame(
                                    enclosure, inner.words, not inner.output, sampler
                                )
                                words += before
                                words += inner.words
                                words += behind
                            else:
                                words += inner.words
                            output += opener
                            output += inner.output
                            output += closer
                            remaining += inner.remaining
                            at = said = close + len(closer)
                            if inner.partial:
                                said = inner.stop
                                partial = True
                                break
                            continue
                    name, symbol, explicit = punctuation.symbol(run, at, explicit_rate)
                    if symbol == ";":
                        tail = (at, len(words), len(output), 1, True, tail)
                    if explicit:
                        words += name
                    else:
                        silent.append((len(words), len(output), name))
                    output += symbol
                    said = at = at + len(symbol)
                elif what == _SPACE:
                    after = at + 1
                    if after < stop and shape[after] == " ":
                        after = at + _run_length(shape, at, stop)
                        spoken = flip(rates.space_run)
                    else:
                        spoken = sampler.spaces_may_be_spoken and flip(rates.single_space)
                    tail = (at, len(words), len(output), after - at, spoken, tail)
                    if spoken:
                        words += ("space",) * (after - at)
                    if after == at + 1:
                        output.append("SP")
                    else:
                        output += printed[at:after]
                    said = at = after
                elif what == _WORD:
                    left = until_stop if partials else NEVER
                    at, partial, left = identifiers.say(at, stop, left, sampler, words, output)
                    said = at
                    if partials:
                        until_stop = left
                    if partial:
                        break
                else:
                    words += punctuation.number(at)
                    output.append(printed[at])
                    said = at = at + 1
            if at < stop:
                partial = True
                remaining.append((at, stop))
            result = Generated(words, output, remaining, partial, said)
            if silent or (tail is not None and tail[2] + tail[3] == len(output)):
                generator._settle(result, tail, silent, stop, implicit, depth)
            return result

        return descend

    def _settle(
        self,
        result: Generated,
        tail: _Tail | None,
        silent: list[_Silent],
        stop: int,
        implicit: bool,
        depth: int,
    ) -> None:
        """Decides what is said of the last blanks and symbols, and whether they stay at all."""
        words, output, end = result.words, result.output, result.stop
        while True:
            if tail is not None and tail[2] + tail[3] != len(output):
                tail = None
            if tail is not None and not tail[4] and not implicit:
                words += ("space",) * tail[3]
            if silent and not implicit and silent[-1][0] == len(words):
                words += silent.pop()[2]
            if tail is None or tail[3] > 1:
                return
            at, words_before, output_before, _, _, before = tail
            alone = words_before == 0 and output_before == 0
            if (
                alone
                or len(words) == words_before
                or not self.choices.flip(self.rates.discard_tail)
            ):
                return
            del words[words_before:], output[output_before:]
            tail = before
            while silent and silent[-1][1] >= output_before:
                silent.pop()
            self._discard(at, end, stop, depth, result)

    def _discard(self, tail: int, end: int, stop: int, depth: int, result: Generated) -> None:
        """Takes a last ``;`` or blank, at `tail`, out of what is said.

        At the end of its line nobody says it, so it goes; before more text it is left for the
        next mapping. `end` is where what was said ended before anything was taken out of it.
        """
        after = result.stop
        result.stop = tail
        if end < stop and self._shape[end] in LINE_BREAKS:
            return
        if end == stop and depth == 0:
            result.partial = False
            return
        # What is queued already may begin behind one that was dropped before.
        if result.remaining and result.remaining[-1][0] >= after:
            result.remaining.pop()
        result.remaining.append((tail, stop))
        result.partial = True

    def _snippet(self, candidates: Sequence[Snippet], sampler: Coins) -> Generated | None:
        """Says one of the syntax nodes, four times in five; its `stop` is the end of the node."""
        if not candidates or not self.choices.flip(self.rates.snippet):
            return None
        snippet = self.choices.choose(candidates)
        said = snippet.generate(self, sampler)
        if said is not None:
            said.stop = snippet.stop
        return said
