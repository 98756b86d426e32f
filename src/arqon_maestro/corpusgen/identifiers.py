"""Says identifiers and their words (corpusgen.md, sections 3.5 and 3.8)."""

from __future__ import annotations

from collections.abc import Sequence

from arqon_maestro.corpusgen import styles
from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.generation import Options, Sampler, SnippetSource
from arqon_maestro.corpusgen.rates import Rates
from arqon_maestro.corpusgen.spoken.dictionary import dictionary_words
from arqon_maestro.corpusgen.spoken.numbers import speak_number
from arqon_maestro.corpusgen.spoken.symbols import spoken_symbols, style_names
from arqon_maestro.corpusgen.spoken.words import aliases, alternative, halves
from arqon_maestro.corpusgen.tokens import LOWER, NUMBER, SPACE, WORDS, TokenStream
from arqon_maestro.languages import Language

_RELABELS = {
    styles.LOWERCASE: (styles.UNDERSCORES, styles.CAMEL_CASE),
    styles.CAPITALIZED: (styles.PASCAL_CASE, styles.TITLE_CASE),
}
_DELIMITED = (styles.UNDERSCORES, styles.DASHES)
_WORD_KINDS = frozenset(WORDS)

# What joins the word before it to an identifier of several units: digits, capitals, delimiters.
_JOINING = frozenset("_-cuon")

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
        self._in_text = None if snippets is None else snippets.in_text
        self._text = stream.text
        self._printed = stream.printed
        self._flip = choices.flip
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
        self._explicit_lower_case = rates.explicit_lower_case
        self._relabel = rates.relabel_single_word
        self._composite_rate = rates.composite

    def say(
        self,
        at: int,
        stop: int,
        partials: bool,
        sampler: Sampler,
        words: list[str],
        output: list[str],
    ) -> tuple[int, bool]:
        """Says the identifier that starts at unit `at`, or its beginning.

        Args:
            at: index of a word.
            stop: end of the range.
            partials: whether it may be cut short by chance. The rest is then left whole, a
                delimiter before it included.
            sampler: the mapping's coins.
            words: gets the words that are said.
            output: gets the printed units.

        Returns:
            Index after what was said, and whether it was cut short.
        """
        shape, flip = self._shape, self._flip
        after = at + 1
        if shape[at] == LOWER and (after == stop or shape[after] not in _JOINING):
            # Nearly two words in three are of this kind.
            style, explicit = styles.LOWERCASE, self._explicit_lower_case
            if flip(self._relabel):
                style = self._relabelled(style, at, stop)
                explicit = self._explicit(style, at)
            if flip(explicit):
                words += self._choices.choose(self._style_names[style])
            self._word(at, style == styles.LOWERCASE, words, output)
            return after, False
        end, style, cut = self._extent(at, stop, partials, sampler)
        speak_delimiters = False
        if flip(self._explicit(style, at)):
            delimited = style in _DELIMITED and end - at > 1
            if delimited and flip(self._rates.speak_delimiters):
                speak_delimiters = True
            else:
                words += self._choices.choose(self._style_names[style])
        self._word(at, style == styles.LOWERCASE, words, output)
        for index in range(after, end):
            kind = shape[index]
            if kind in WORDS:
                self._word(index, False, words, output)
                continue
            if kind == NUMBER:
                words += speak_number(self._text[index], self._choices)
            elif speak_delimiters and flip(self._rates.speak_delimiter):
                words += self._choices.choose(self._symbol_names[kind])
            output.append(self._printed[index])
        return end, cut

    def _extent(
        self, at: int, stop: int, partials: bool, sampler: Sampler
    ) -> tuple[int, str, bool]:
        """Returns where the identifier ends, its style, and whether it was cut short."""
        choices, rates, shape = self._choices, self._rates, self._shape
        stop = min(stop, at + _MOST_UNITS)
        found = styles.identifier(shape, at, stop)
        cut = False
        if partials:
            for boundary in range(at + 1, found.end()):
                if choices.flip(rates.stop):
                    cut = True
                    found = styles.identifier(shape, at, boundary)
                    break
        end = found.end()
        candidates = styles.styles_of(found)
        style = candidates[0] if len(candidates) == 1 else choices.choose(candidates)
        if style == styles.TITLE_CASE and sampler.title_as_capitals:
            return styles.first_word_end(shape, at, end), styles.CAPITALIZED, cut
        if end - at == 1 and style in _RELABELS and choices.flip(self._relabel):
            style = self._relabelled(style, at, stop)
        return end, style, cut

    def _relabelled(self, style: str, at: int, stop: int) -> str:
        """Returns another style that a single word may be said to have."""
        following = self._shape[at + 1 : min(at + 3, stop)]
        if style == styles.LOWERCASE and following[:1] == SPACE and following[1:] in _WORD_KINDS:
            return style
        return self._choices.choose(_RELABELS[style])

    def _explicit(self, style: str, at: int) -> float:
        """Returns how often the style's name is said of an identifier at `at`."""
        if style == styles.LOWERCASE:
            return self._explicit_lower_case
        if self._in_text is None or not self._in_text(at):
            return self._explicit_in_code[style]
        return self._explicit_in_text[style]

    def _word(
        self, index: int, first_in_lower_case: bool, words: list[str], output: list[str]
    ) -> None:
        """Says one word (section 3.8); the output has two units where it is split."""
        word = self._text[index]
        if self._flip(self._composite_rate):
            split = self._split(word)
            if split is not None:
                self._composite(index, split, first_in_lower_case, words, output)
                return
        output.append(self._printed[index])
        others = self._aliases.get(word)
        if others is None and not self._alternative_words:
            words.append(word)
            return
        said: Sequence[str] = (word,)
        if others is not None and self._flip(self._rates.alias):
            said = self._choices.choose(others)
        if not self._alternative_words:
            words += said
            return
        for part in said:
            words += alternative(part, self._choices, self._rates)

    def _split(self, word: str) -> tuple[str, str] | None:
        splits = halves(word)
        if not splits:
            return None
        known = word in dictionary_words()
        if known and not self._choices.flip(self._rates.composite_in_dictionary):
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
