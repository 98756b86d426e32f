"""The markups of a transcript, token by token: which ones can come next, and lead to an end.

The grammar's rules do not contain themselves, so a prefix of a markup is a stack of open rules,
each with a place in its trie. An open rule knows at which words it may end: those at which what is
open around it can go on to the last word. A prefix therefore never leads into a dead end, and all
its ways together are exactly the trees that `parses` lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from arqon_maestro.corpusgen.grammar.canonical import ROOT
from arqon_maestro.corpusgen.grammar.expansion import APPLICATION
from arqon_maestro.corpusgen.grammar.parser import check_words
from arqon_maestro.corpusgen.grammar.parser_grammar import State, load_parser_grammar
from arqon_maestro.corpusgen.grammar.rules import FREE_TEXT, NUMBER_RULES
from arqon_maestro.corpusgen.spoken.number_parser import NUMBER_WORDS, parse_number

# A set of positions between words, as the bits of an integer.
_Positions = int


@dataclass(frozen=True, slots=True, eq=False)
class Prefix:
    """The beginning of a markup, as far as it matters to what can follow.

    Attributes:
        position: words that it has.
        rule: the innermost open rule; empty where the root is closed: the markup is whole.
        state: where that rule stands in its trie; None for a rule of bare words.
        ends: where that rule may end.
        outer: the prefix before that rule, with its state after it; None for the root.
    """

    position: int
    rule: str
    state: State | None
    ends: _Positions
    outer: Prefix | None

    @property
    def whole(self) -> bool:
        """Whether nothing can follow."""
        return not self.rule


class Prefixes:
    """All prefixes of the markups of one transcript.

    Args:
        transcript: lower-case words.

    Raises:
        DataError: more than `MAX_WORDS` words, or something that is not a word.
    """

    def __init__(self, transcript: Sequence[str]) -> None:
        check_words(transcript)
        self._words = tuple(transcript)
        self._grammar = load_parser_grammar()
        self._completions: dict[tuple[int, int], _Positions] = {}
        self._bare: dict[tuple[str, int], _Positions] = {}

    def following(self, prefix: Prefix | None) -> list[tuple[str, Prefix]]:
        """Returns every token that can follow, with the prefix that it makes.

        There is none after a whole markup, and at the beginning where the words are no command.

        Args:
            prefix: None at the beginning.

        Returns:
            Tokens in the order of the grammar's tables.
        """
        if prefix is None:
            last = 1 << len(self._words)
            if not self._words or not self._ends(ROOT, 0) & last:
                return []
            return [(f"<{ROOT}>", Prefix(0, ROOT, self._grammar.tries[ROOT], last, None))]
        if prefix.whole:
            return []
        found = []
        if self._may_end(prefix):
            found.append((f"</{prefix.rule}>", self._closed(prefix)))
        position = prefix.position
        if position == len(self._words):
            return found
        word, state = self._words[position], prefix.state
        if state is None:
            if prefix.ends >> (position + 1):
                longer = Prefix(position + 1, prefix.rule, None, prefix.ends, prefix.outer)
                found.append((word, longer))
            return found
        after_word = state.words.get(word)
        if after_word is not None and self._completed(after_word, position + 1) & prefix.ends:
            after = Prefix(position + 1, prefix.rule, after_word, prefix.ends, prefix.outer)
            found.append((word, after))
        for child, after_child in state.rules_before(word, self._grammar.first_words):
            # A program's name is free text in the markup, and free text can come here too.
            if child == APPLICATION:
                continue
            ends = 0
            for end in _each(self._ends(child, position)):
                if self._completed(after_child, end) & prefix.ends:
                    ends |= 1 << end
            if ends:
                outer = Prefix(position, prefix.rule, after_child, prefix.ends, prefix.outer)
                below = self._grammar.tries.get(child)
                found.append((f"<{child}>", Prefix(position, child, below, ends, outer)))
        return found

    def _may_end(self, prefix: Prefix) -> bool:
        if not prefix.ends >> prefix.position & 1:
            return False
        return prefix.state is None or prefix.state.cost is not None

    def _closed(self, prefix: Prefix) -> Prefix:
        outer = prefix.outer
        if outer is None:
            return Prefix(prefix.position, "", None, 0, None)
        return Prefix(prefix.position, outer.rule, outer.state, outer.ends, outer.outer)

    def _ends(self, rule: str, start: int) -> _Positions:
        """Returns where a rule that starts there can end."""
        trie = self._grammar.tries.get(rule)
        if trie is not None:
            return self._completed(trie, start)
        key = (rule, start)
        if key not in self._bare:
            self._bare[key] = self._ends_of_bare_words(rule, start)
        return self._bare[key]

    def _ends_of_bare_words(self, rule: str, start: int) -> _Positions:
        length = len(self._words)
        if rule == FREE_TEXT:
            return (1 << (length + 1)) - (1 << (start + 1))
        assert rule in NUMBER_RULES, rule
        ends = 0
        for end in range(start + 1, length + 1):
            if self._words[end - 1] not in NUMBER_WORDS:
                break
            if parse_number(self._words[start:end]) is not None:
                ends |= 1 << end
        return ends

    def _completed(self, state: State, position: int) -> _Positions:
        """Returns where a rule can end that stands in a state at a position."""
        key = (state.number, position)
        ends = self._completions.get(key)
        if ends is not None:
            return ends
        ends = 1 << position if state.cost is not None else 0
        if position < len(self._words):
            word = self._words[position]
            after_word = state.words.get(word)
            if after_word is not None:
                ends |= self._completed(after_word, position + 1)
            for child, after_child in state.rules_before(word, self._grammar.first_words):
                if child != APPLICATION:
                    for end in _each(self._ends(child, position)):
                        ends |= self._completed(after_child, end)
        self._completions[key] = ends
        return ends


def _each(positions: _Positions) -> Iterator[int]:
    while positions:
        lowest = positions & -positions
        yield lowest.bit_length() - 1
        positions ^= lowest
