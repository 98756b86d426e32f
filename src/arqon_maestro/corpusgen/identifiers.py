"""Says identifiers and their words (corpusgen.md, sections 3.5 and 3.8)."""

from __future__ import annotations

from collections.abc import Sequence

from arqon_maestro.corpusgen import styles
from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.generation import Options, Sampler
from arqon_maestro.corpusgen.rates import Rates
from arqon_maestro.corpusgen.spoken.dictionary import dictionary_words
from arqon_maestro.corpusgen.spoken.numbers import speak_number
from arqon_maestro.corpusgen.spoken.symbols import spoken_symbols, style_names
from arqon_maestro.corpusgen.spoken.words import aliases, alternative, halves
from arqon_maestro.corpusgen.tokens import NUMBER, WORDS, TokenStream
from arqon_maestro.languages import Language

_RELABELS = {
    styles.LOWERCASE: (styles.UNDERSCORES, styles.CAMEL_CASE),
    styles.CAPITALIZED: (styles.PASCAL_CASE, styles.TITLE_CASE),
}
_DELIMITERS = {styles.UNDERSCORES: "_", styles.DASHES: "-"}

Said = tuple[list[str], Sequence[str], int, bool]
"""Words, printed units, index after the identifier, whether it was cut short."""


class Identifiers:
    """Says the identifiers of one file.

    Args:
        stream: the file.
        language: its language.
        choices: makes every decision.
        options: what is added in text mode.
        rates: probabilities.
    """

    def __init__(
        self,
        stream: TokenStream,
        language: Language,
        choices: Choices,
        options: Options,
        rates: Rates,
    ) -> None:
        self._stream = stream
        self._shape = stream.shape
        self._choices = choices
        self._alternative_words = options.alternative_words
        self._rates = rates
        self._aliases = aliases()
        self._style_names = style_names()
        self._symbol_names = spoken_symbols(language.name).names
        in_text = dict.fromkeys(self._style_names, rates.explicit_style)
        in_text[styles.LOWERCASE] = rates.explicit_lower_case
        in_code = dict(in_text)
        if language.prose:
            in_code = dict.fromkeys(self._style_names, rates.explicit_style_in_prose)
            in_code[styles.LOWERCASE] = rates.explicit_lower_case
        if language.usual_style is not None:
            in_code[language.usual_style] = rates.explicit_usual_style
        self._explicit = (in_code, in_text)

    def say(self, at: int, stop: int, partials: bool, sampler: Sampler, in_text: bool) -> Said:
        """Says the identifier that starts at unit `at`, or its beginning.

        Args:
            at: index of a word.
            stop: end of the range.
            partials: whether it may be cut short by chance. The rest is then left whole, a
                delimiter before it included.
            sampler: the mapping's coins.
            in_text: whether it lies in a string or a comment.
        """
        choices, rates, shape = self._choices, self._rates, self._shape
        flip = choices.flip
        found = styles.IDENTIFIER.match(shape, at, stop)
        assert found is not None  # `at` is a word
        end = found.end()
        cut = False
        if partials and end - at > 1:
            for boundary in range(at + 1, end):
                if flip(rates.stop):
                    cut = True
                    found = styles.IDENTIFIER.match(shape, at, boundary)
                    assert found is not None
                    end = found.end()
                    break
        candidates = styles.styles_of(found)
        style = candidates[0] if len(candidates) == 1 else choices.choose(candidates)
        if style == styles.TITLE_CASE and sampler.title_as_capitals:
            style = styles.CAPITALIZED
            first = styles.WORD_WITH_NUMBERS.match(shape, at, end)
            assert first is not None
            end = first.end()
        elif style in _RELABELS and end - at == 1 and flip(rates.relabel_single_word):
            before_word = shape[at + 1 : min(at + 3, stop)]
            followed = len(before_word) == 2 and before_word[0] == " " and before_word[1] in WORDS
            if style != styles.LOWERCASE or not followed:
                style = choices.choose(_RELABELS[style])
        words: list[str] = []
        speak_delimiters = False
        if flip(self._explicit[in_text][style]):
            delimiter = _DELIMITERS.get(style)
            if delimiter is not None and end - at > 1 and flip(rates.speak_delimiters):
                speak_delimiters = True
            else:
                words += choices.choose(self._style_names[style])
        if end - at == 1:
            said, units = self._word(at, style == styles.LOWERCASE)
            words += said
            return words, units, end, cut
        output: list[str] = []
        for index in range(at, end):
            kind = shape[index]
            if kind in WORDS:
                said, units = self._word(index, index == at and style == styles.LOWERCASE)
                words += said
                output += units
                continue
            if kind == NUMBER:
                words += speak_number(self._stream.text[index], choices)
            elif speak_delimiters and flip(rates.speak_delimiter):
                words += choices.choose(self._symbol_names[kind])
            output.append(self._stream.printed[index])
        return words, output, end, cut

    def _word(self, index: int, first_in_lower_case: bool) -> tuple[Sequence[str], Sequence[str]]:
        """Says one word (section 3.8); the output is its units, two where it was split."""
        choices, rates = self._choices, self._rates
        word = self._stream.text[index]
        if choices.flip(rates.composite):
            split = self._split(word)
            if split is not None:
                return self._composite(index, split, first_in_lower_case)
        printed = (self._stream.printed[index],)
        others = self._aliases.get(word)
        said: Sequence[str] = (word,)
        if others is not None and choices.flip(rates.alias):
            said = choices.choose(others)
        if self._alternative_words:
            said = [part for name in said for part in alternative(name, choices, rates)]
        return said, printed

    def _split(self, word: str) -> tuple[str, str] | None:
        splits = halves(word)
        if not splits:
            return None
        if word in dictionary_words() and not self._choices.flip(
            self._rates.composite_in_dictionary
        ):
            return None
        return splits[0] if len(splits) == 1 else self._choices.choose(splits)

    def _composite(
        self, index: int, split: tuple[str, str], first_in_lower_case: bool
    ) -> tuple[Sequence[str], Sequence[str]]:
        flip, rates = self._choices.flip, self._rates
        first, second = split
        marker, _, _ = self._stream.printed[index].rpartition(" ")
        units = [f"{marker} {first}" if marker else first]
        units.append(f"{marker} {second}" if marker == "A" else second)
        if not flip(rates.one_word):
            return split, units
        if first_in_lower_case and flip(rates.lower_case_for_one_word):
            name = self._choices.choose(self._style_names[styles.LOWERCASE])
            return (*name, *split), units
        return ("one", "word", *split), units
