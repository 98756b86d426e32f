"""Says ranges of source text: the insert generator (corpusgen.md, sections 3.2 to 3.9).

A range is walked forwards, unit by unit, until it ends or generation stops; then backwards, to
settle what is said of blanks and symbols, which depends on what follows them. Nesting is limited,
and nothing else recurses, so that no source is too deep or too long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from arqon_maestro.corpusgen.brackets import Brackets
from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.generation import Generated, Options, Sampler, SnippetSource
from arqon_maestro.corpusgen.identifiers import Identifiers
from arqon_maestro.corpusgen.rates import FILLERS, RATES, Rates
from arqon_maestro.corpusgen.spoken.numbers import DIGITS, speak_number
from arqon_maestro.corpusgen.spoken.symbols import Enclosure, Phrase, spoken_symbols
from arqon_maestro.corpusgen.tokens import LINE_BREAKS, NUMBER, SPACE, WORDS, TokenStream
from arqon_maestro.languages import Language

_SYMBOL_RUN = re.compile(r"[!-/:-@\[-`{-~]+")
_SPACE_RUN = re.compile(r" +")
_TAILS = (";", "SP")
# Brackets nested deeper than this are said as plain symbols.
_DEEPEST_NESTING = 40
# An underscore alone may stay unsaid only with as many units left in the file (section 3.6).
_UNITS_AFTER_SILENT = 3
# How often "of" is said for an opener.
_OF_RATES = {"(": "of_for_parenthesis", "<": "of_for_parenthesis", "[": "of_for_bracket"}

# When a step's words are said.
_ALWAYS, _IF_LAST, _IF_NOTHING_SAID_AFTER = range(3)

_Step = tuple[int, Sequence[str], Sequence[str], int]
"""Index of the first unit, words, printed units, and when the words are said."""


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
        self._brackets = Brackets(stream.shape)
        self._symbols = spoken_symbols(language.name)
        self._identifiers = Identifiers(stream, language, choices, self.options, rates)

    def draw_sampler(self) -> Sampler:
        """Flips the coins that hold for one mapping (section 3.3)."""
        flip, rates = self.choices.flip, self.rates
        prose = self.language.prose
        spaces = rates.spaces_may_be_spoken_in_prose if prose else rates.spaces_may_be_spoken
        implicit = flip(rates.implicit_symbols)
        return Sampler(
            spaces_may_be_spoken=flip(spaces),
            implicit_symbols=implicit,
            explicit_bias=implicit and flip(rates.explicit_bias),
            title_as_capitals=flip(rates.title_as_capitals),
            enclosure_after_content=flip(rates.enclosure_after_content),
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
        shape, flip, stop_rate = self._shape, self.choices.flip, self.rates.stop
        fillers = self.rates.filler if self.options.fillers else 0.0
        steps: list[_Step] = []
        result = Generated()
        at = said = start
        after_unit = depth > 0  # an opener is a unit
        step: _Step
        while at < stop:
            kind = shape[at]
            if kind in LINE_BREAKS or (after_unit and partials and flip(stop_rate)):
                result.partial = True
                break
            after_unit = True
            if fillers and flip(fillers):
                steps.append((at, (self.choices.choose(FILLERS),), (), _ALWAYS))
                continue
            nested = self._snippet(at, stop, sampler)
            if nested is None and kind not in WORDS and kind != SPACE and kind != NUMBER:
                nested = self._enclosure(at, stop, partials, sampler, depth)
            if nested is not None:
                inner, after = nested
                steps.append((at, inner.words, inner.output, _ALWAYS))
                result.remaining += inner.remaining
                said = inner.stop if inner.partial else after
                at = after
                if inner.partial:
                    result.partial = True
                    break
                continue
            if kind in WORDS:
                in_text = self.snippets is not None and self.snippets.in_text(at)
                words, units, after, result.partial = self._identifiers.say(
                    at, stop, partials, sampler, in_text
                )
                step, at = (at, words, units, _ALWAYS), after
            elif kind == SPACE:
                step, at = self._spaces(at, stop, sampler)
            elif kind == NUMBER:
                step, at = self._number(at)
            else:
                step, at = self._symbol(at, stop, sampler)
            said = at
            steps.append(step)
            if result.partial:
                break
        if at < stop:
            result.partial = True
            result.remaining.append((at, stop))
        result.stop = said
        self._settle(steps, stop, implicit, depth, result)
        return result

    def _settle(
        self, steps: list[_Step], stop: int, implicit: bool, depth: int, result: Generated
    ) -> None:
        """Decides from the end what is said, and fills in the words and the output."""
        words: list[Sequence[str]] = []
        output: list[Sequence[str]] = []
        count = 0
        last = ""
        for position in range(len(steps) - 1, -1, -1):
            _, said, units, condition = steps[position]
            tail = count == 1 and words and last in _TAILS
            if tail and self.choices.flip(self.rates.discard_tail):
                words.clear()
                output.clear()
                count = 0
                self._discard(steps[position + 1][0], stop, depth, result)
            if condition == _ALWAYS:
                pass
            elif implicit or (count if condition == _IF_LAST else words):
                said = ()
            if said:
                words.append(said)
            if units:
                output.append(units)
                count += len(units)
                last = units[0]
        result.words = [word for part in reversed(words) for word in part]
        result.output = [unit for part in reversed(output) for unit in part]

    def _discard(self, tail: int, stop: int, depth: int, result: Generated) -> None:
        """Takes a last ``;`` or blank, at `tail`, out of what is said.

        At the end of its line nobody says it, so it goes; before more text it is left for the
        next mapping.
        """
        after = tail + 1
        result.stop = tail
        ends_line = after < stop and self._shape[after] in LINE_BREAKS
        if ends_line:
            return
        if after == stop and depth == 0:
            result.partial = False
            return
        if result.remaining and result.remaining[-1] == (after, stop):
            result.remaining.pop()
        result.remaining.append((tail, stop))
        result.partial = True

    def _explicit_symbol(self, sampler: Sampler) -> bool:
        if not sampler.implicit_symbols:
            return True
        return sampler.explicit_bias == self.choices.flip(self.rates.follow_bias)

    def _snippet(self, at: int, stop: int, sampler: Sampler) -> tuple[Generated, int] | None:
        if self.snippets is None:
            return None
        candidates = self.snippets.starting_at(at, stop)
        if not candidates or not self.choices.flip(self.rates.snippet):
            return None
        snippet = self.choices.choose(candidates)
        said = snippet.generate(self, sampler)
        if said is None:
            return None
        said.stop = snippet.stop
        return said, snippet.stop

    def _enclosure(
        self, at: int, stop: int, partials: bool, sampler: Sampler, depth: int
    ) -> tuple[Generated, int] | None:
        """Says brackets or quotes with what is inside (section 3.7); None if they are not said so.

        Opener and closer are both in the output, even when generation stops in between.
        """
        choices, rates = self.choices, self.rates
        candidates = self._symbols.opening(self._run(at, stop))
        if not candidates or depth >= _DEEPEST_NESTING:
            return None
        enclosure = candidates[0] if len(candidates) == 1 else choices.choose(candidates)
        opener, closer = enclosure.opener, enclosure.closer
        close = self._brackets.closer(opener, closer, at, stop, enclosure.lines)
        if close is None or choices.flip(rates.plain_instead_of_enclosure):
            return None
        inner = self._say(at + len(opener), close, partials, sampler, True, depth + 1)
        if self._explicit_symbol(sampler) or not inner.words:
            name = self._enclosure_name(enclosure)
            if name[0] != "in":
                inner.words[:0] = name
            elif sampler.enclosure_after_content:
                inner.words += name
            else:
                drop = rates.drop_in if inner.output else rates.drop_in_without_content
                inner.words[:0] = name[1:] if choices.flip(drop) else name
        inner.output = [*opener, *inner.output, *closer]
        return inner, close + len(closer)

    def _enclosure_name(self, enclosure: Enclosure) -> Phrase:
        choices, rates = self.choices, self.rates
        of = _OF_RATES.get(enclosure.opener)
        if of is not None and choices.flip(getattr(rates, of)):
            return ("of",)
        return choices.choose(enclosure.names)

    def _run(self, at: int, stop: int) -> str:
        """Returns the adjacent symbols from `at` on, as many as the longest named symbol has."""
        found = _SYMBOL_RUN.match(self._shape, at, min(stop, at + self._symbols.longest))
        return found[0] if found else ""

    def _spaces(self, at: int, stop: int, sampler: Sampler) -> tuple[_Step, int]:
        found = _SPACE_RUN.match(self._shape, at, stop)
        after = found.end() if found else at + 1
        length = after - at
        flip, rates = self.choices.flip, self.rates
        if length > 1:
            spoken = flip(rates.space_run)
        else:
            spoken = sampler.spaces_may_be_spoken and flip(rates.single_space)
        condition = _ALWAYS if spoken else _IF_LAST
        return (at, ("space",) * length, ("SP",) * length, condition), after

    def _number(self, at: int) -> tuple[_Step, int]:
        choices, rates = self.choices, self.rates
        digits = self.stream.text[at]
        decimal = at > 1 and self._shape[at - 2 : at] == "n."
        if decimal and choices.flip(rates.decimal_digits):
            words = [DIGITS[int(digit)] for digit in digits]
        else:
            words = speak_number(digits, choices)
        if choices.flip(rates.numeral):
            words.insert(0, "numeral")
        return (at, words, (self.stream.printed[at],), _ALWAYS), at + 1

    def _symbol(self, at: int, stop: int, sampler: Sampler) -> tuple[_Step, int]:
        """Says symbols by a name of their own (section 3.6)."""
        choices, rates = self.choices, self.rates
        run = self._run(at, stop)
        candidates = self._symbols.starting(run)
        symbol = candidates[0] if len(candidates) == 1 else choices.choose(candidates)
        after = at + len(symbol)
        units = self.stream.printed[at:after]
        phrase = self._symbol_name(symbol, at)
        silent = (
            run == "_"
            and at > 1
            and len(self._shape) - at >= _UNITS_AFTER_SILENT
            and choices.flip(rates.silent_underscore)
        )
        explicit = not silent and (len(symbol) > 1 or self._explicit_symbol(sampler))
        return (at, phrase, units, _ALWAYS if explicit else _IF_NOTHING_SAID_AFTER), after

    def _symbol_name(self, symbol: str, at: int) -> Phrase:
        choices, rates = self.choices, self.rates
        between_numbers = symbol == "." and self._shape[at - 1 : at + 2] == "n.n"
        if between_numbers and choices.flip(rates.decimal_point):
            return ("point",)
        names = self._symbols.prioritised.get(symbol)
        if names is None or not choices.flip(rates.prioritised_name):
            names = self._symbols.names[symbol]
        name = names[0] if len(names) == 1 else choices.choose(names)
        return (*name, "sign") if choices.flip(rates.sign) else name
