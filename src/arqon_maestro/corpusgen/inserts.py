"""Says ranges of source text: the insert generator (corpusgen.md, sections 3.2 to 3.9).

A range is walked unit by unit until it ends or generation stops. What is said of blanks and some
symbols depends on what follows them; that is settled at the end. Nesting is limited, and nothing
else recurses, so that no source is too deep or too long.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.generation import (
    Generated,
    Options,
    Sampler,
    Snippet,
    SnippetSource,
)
from arqon_maestro.corpusgen.identifiers import Identifiers
from arqon_maestro.corpusgen.punctuation import Punctuation
from arqon_maestro.corpusgen.rates import FILLERS, RATES, Rates
from arqon_maestro.corpusgen.spoken.symbols import Phrase
from arqon_maestro.corpusgen.tokens import LINE_BREAKS, NUMBER, SPACE, WORDS, TokenStream
from arqon_maestro.languages import Language

_SPACE_RUN = re.compile(r" +")
# Brackets nested deeper than this are said as plain symbols.
_DEEPEST_NESTING = 40

_SYMBOL, _WORD, _SPACE, _NUMBER, _BREAK = range(5)
_KINDS = {
    **dict.fromkeys(WORDS, _WORD),
    SPACE: _SPACE,
    NUMBER: _NUMBER,
    **dict.fromkeys(LINE_BREAKS, _BREAK),
}
_KIND_OF_BYTE = bytes(_KINDS.get(chr(byte), _SYMBOL) for byte in range(256))

_Tail = tuple[int, int, int, int, bool]
"""A run of blanks or a ``;`` that may be last: index, words and output before it, units, said."""
_Silent = tuple[int, int, Phrase]
"""A symbol that is said only if nothing is said after it: words and output before it, name."""


def _run_length(shape: str, at: int, stop: int) -> int:
    found = _SPACE_RUN.match(shape, at, stop)
    return found.end() - at if found else 0


class InsertGenerator:
    """Says ranges of one file.

    Args:
        stream: the file.
        language: its language.
        choices: makes every decision.
        options: what is added in text mode.
        snippets: the file's syntax tree, whose nodes may be said inside an insert.
        rates: probabilities.
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
        self._shape = stream.shape
        self._kinds = stream.shape.encode("ascii").translate(_KIND_OF_BYTE)
        self._printed = stream.printed
        self._flip = choices.flip
        self._fillers = rates.filler if self.options.fillers else 0.0
        self._spaces_may_be_spoken = (
            rates.spaces_may_be_spoken_in_prose if language.prose else rates.spaces_may_be_spoken
        )
        self._punctuation = Punctuation(stream, language, choices, rates)
        self._identifiers = Identifiers(stream, language, choices, self.options, rates, snippets)

    def draw_sampler(self) -> Sampler:
        """Flips the coins that hold for one mapping (section 3.3)."""
        flip, rates = self._flip, self.rates
        implicit = flip(rates.implicit_symbols)
        return Sampler(
            flip(self._spaces_may_be_spoken),
            implicit,
            implicit and flip(rates.explicit_bias),
            flip(rates.title_as_capitals),
            flip(rates.enclosure_after_content),
        )

    def generate(
        self,
        start: int,
        stop: int,
        *,
        partials: bool = True,
        sampler: Sampler | None = None,
        trailing_implicit: bool = False,
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
        """
        sampler = sampler or self.draw_sampler()
        return self._say(start, stop, partials, sampler, trailing_implicit, depth=0)

    def _say(
        self, start: int, stop: int, partials: bool, sampler: Sampler, implicit: bool, depth: int
    ) -> Generated:
        shape, kinds, printed, flip = self._shape, self._kinds, self._printed, self._flip
        stop_rate = self.rates.stop
        snippets = self.snippets
        snippet_starts: Container[int] = () if snippets is None else snippets.starts
        punctuation, openers = self._punctuation, self._punctuation.openers
        fillers, say_identifier = self._fillers, self._identifiers.say
        words: list[str] = []
        output: list[str] = []
        remaining: list[tuple[int, int]] = []
        silent: list[_Silent] = []
        tails: list[_Tail] = []
        at = said = start
        partial = False
        roll = partials and depth > 0  # the stop roll comes after a unit, and an opener is one
        while at < stop:
            what = kinds[at]
            if what == _BREAK or (roll and flip(stop_rate)):
                partial = True
                break
            roll = partials
            if fillers and flip(fillers):
                words.append(self.choices.choose(FILLERS))
                continue
            if at in snippet_starts and snippets is not None:
                nested = self._snippet(snippets.starting_at(at, stop), sampler)
                if nested is not None:
                    words += nested.words
                    output += nested.output
                    remaining += nested.remaining
                    at = said = nested.stop
                    if nested.partial:
                        partial = True
                        break
                    continue
            if what == _WORD:
                at, partial = say_identifier(at, stop, partials, sampler, words, output)
                said = at
                if partial:
                    break
            elif what == _SPACE:
                after = at + 1
                if after < stop and shape[after] == " ":
                    after = at + _run_length(shape, at, stop)
                    spoken = flip(self.rates.space_run)
                else:
                    spoken = sampler.spaces_may_be_spoken and flip(self.rates.single_space)
                tails.append((at, len(words), len(output), after - at, spoken))
                if spoken:
                    words += ("space",) * (after - at)
                if after == at + 1:
                    output.append(printed[at])
                else:
                    output += printed[at:after]
                said = at = after
            elif what == _NUMBER:
                words += punctuation.number(at)
                output.append(printed[at])
                said = at = at + 1
            else:
                run = punctuation.run(at, stop)
                if shape[at] in openers and depth < _DEEPEST_NESTING:
                    found = punctuation.enclosure(run, at, stop)
                    if found is not None:
                        enclosure, close = found
                        opener, closer = enclosure.opener, enclosure.closer
                        inner = self._say(
                            at + len(opener), close, partials, sampler, True, depth + 1
                        )
                        if punctuation.explicit(sampler) or not (inner.words or implicit):
                            empty = not inner.output
                            words += punctuation.enclosed(enclosure, inner.words, empty, sampler)
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
                symbol, name, explicit = punctuation.symbol(run, at, sampler)
                if symbol == ";":
                    tails.append((at, len(words), len(output), 1, True))
                if explicit:
                    words += name
                else:
                    silent.append((len(words), len(output), name))
                output += symbol
                said = at = at + len(symbol)
        if at < stop:
            partial = True
            remaining.append((at, stop))
        result = Generated(words, output, remaining, partial, said)
        if silent or (tails and tails[-1][2] + tails[-1][3] == len(output)):
            self._settle(result, tails, silent, stop, implicit, depth)
        return result

    def _settle(
        self,
        result: Generated,
        tails: list[_Tail],
        silent: list[_Silent],
        stop: int,
        implicit: bool,
        depth: int,
    ) -> None:
        """Decides what is said of the last blanks and symbols, and whether they stay at all."""
        words, output, end = result.words, result.output, result.stop
        while True:
            tail = tails[-1] if tails else None
            if tail is not None and tail[2] + tail[3] != len(output):
                tail = None
            if tail is not None and not tail[4] and not implicit:
                words += ("space",) * tail[3]
            if silent and not implicit and silent[-1][0] == len(words):
                words += silent.pop()[2]
            if tail is None or tail[3] > 1:
                return
            at, words_before, output_before, _, _ = tail
            alone = words_before == 0 and output_before == 0
            if alone or len(words) == words_before or not self._flip(self.rates.discard_tail):
                return
            del words[words_before:], output[output_before:]
            tails.pop()
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
        if result.remaining and result.remaining[-1] == (after, stop):
            result.remaining.pop()
        result.remaining.append((tail, stop))
        result.partial = True

    def _snippet(self, candidates: Sequence[Snippet], sampler: Sampler) -> Generated | None:
        """Says one of the syntax nodes, four times in five; its `stop` is the end of the node."""
        if not candidates or not self._flip(self.rates.snippet):
            return None
        snippet = self.choices.choose(candidates)
        said = snippet.generate(self, sampler)
        if said is not None:
            said.stop = snippet.stop
        return said
