"""Parses transcripts: all trees that the runtime accepts, the one most likely meant first.

A chart over the word list, top-down with memory: each rule is tried once at each position, and
what it finds is shared by all that asked (a packed forest). The trees come out lazily.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from arqon_maestro.corpusgen.grammar.canonical import CHAIN, ROOT
from arqon_maestro.corpusgen.grammar.chainer import (
    COMMAND,
    FOCUS,
    GO_TO,
    PREPOSITION_SELECTION,
    REPEAT,
)
from arqon_maestro.corpusgen.grammar.expansion import APPLICATION
from arqon_maestro.corpusgen.grammar.forest import Vertex
from arqon_maestro.corpusgen.grammar.markup import write_markup
from arqon_maestro.corpusgen.grammar.parser_grammar import (
    AFTER_OPEN_TEXT_COST,
    AFTER_TEXT_COMMAND_COST,
    CUT_NUMBER_COST,
    DIGIT_COST,
    FREE_WORD_COST,
    NUMBER_COSTS,
    STYLE_WORD_COST,
    UNSAMPLED_COST,
    VERB_AS_OBJECT_COST,
    ParserGrammar,
    State,
    load_parser_grammar,
)
from arqon_maestro.corpusgen.grammar.rules import FREE_TEXT, NUMBER_RULES
from arqon_maestro.corpusgen.grammar.tree import Node
from arqon_maestro.corpusgen.spoken.number_parser import NUMBER_WORDS, parse_number
from arqon_maestro.corpusgen.spoken.numbers import DIGITS, speak_below_hundred
from arqon_maestro.errors import DataError

# Far above what a speaker says at once, and what the markup's limit lets through.
MAX_WORDS = 100

# The only numbers that the ranges are sampled with.
_NAMES_BELOW_HUNDRED = frozenset(tuple(speak_below_hundred(value)) for value in range(1, 100))
_ANY_NUMBER = "number"


class _Ending(IntEnum):
    """How a part ends, as far as it matters to what comes next in the chain."""

    PLAIN = 0
    TEXT_COMMAND = 1  # a command of the text pool, without free text at its end
    OPEN_TEXT = 2  # free text that could as well go on
    FOCUS = 3  # the one text command that is sampled before another command


# What a rule finds from one position on, by its end.
_Spans = dict[tuple[int, _Ending], Vertex]
# A rule's first children that end at one position, by the state that they lead to.
_Prefixes = dict[tuple[int, _Ending], tuple[State, Vertex | None]]


@dataclass(frozen=True, slots=True)
class Parse:
    """A tree of a transcript.

    Attributes:
        tree: canonical, and accepted by the runtime.
        cost: negated natural logarithm of about the chance that the sampler makes it so.
    """

    tree: Node
    cost: float

    @property
    def markup(self) -> str:
        """The tree as markup."""
        return write_markup(self.tree)


def parses(transcript: Sequence[str]) -> Iterator[Parse]:
    """Yields all parses, cheapest first; none where the words are no command.

    Args:
        transcript: lower-case words.

    Raises:
        DataError: more than `MAX_WORDS` words, or something that is not a word.
    """
    check_words(transcript)
    root = _Chart(tuple(transcript), load_parser_grammar()).root()
    seen: set[Node] = set()
    rank = 0
    while root and (derivation := root.ranked(rank)):
        rank += 1
        cost, (tree,) = derivation
        # The name of a program can be read in two ways that look the same.
        if isinstance(tree, Node) and tree not in seen:
            seen.add(tree)
            yield Parse(tree, cost)


def check_words(transcript: Sequence[str]) -> None:
    """Checks that a transcript can be parsed.

    Raises:
        DataError: more than `MAX_WORDS` words, or something that is not a word.
    """
    if len(transcript) > MAX_WORDS:
        raise DataError(
            f"a transcript of {len(transcript)} words cannot be parsed", why=f"limit {MAX_WORDS}"
        )
    for word in transcript:
        if "<" in word or ">" in word or word.split() != [word]:
            raise DataError(f"{word!r} is not a word", where="the transcript")


def best_parse(transcript: Sequence[str]) -> Parse | None:
    """Returns the parse most likely meant, None where the words are no command."""
    return next(parses(transcript), None)


class _Chart:
    """Everything found for one transcript."""

    def __init__(self, words: tuple[str, ...], grammar: ParserGrammar) -> None:
        self._words = words
        self._grammar = grammar
        self._spans: dict[tuple[str, int], _Spans] = {}
        self._leaves = [Vertex.leaf(0.0, word) for word in words]

    def root(self) -> Vertex | None:
        if not self._words:
            return None
        return self._of_rule(ROOT, 0).get((len(self._words), _Ending.PLAIN))

    def _of_rule(self, rule: str, start: int) -> _Spans:
        key = (rule, start)
        spans = self._spans.get(key)
        if spans is None:
            if rule == FREE_TEXT:
                spans = self._free_text(start)
            elif rule in NUMBER_RULES:
                spans = self._numbers(rule, start)
            elif rule == APPLICATION:
                spans = self._applications(start)
            else:
                spans = self._walk(rule, start)
            self._spans[key] = spans
        return spans

    def _free_text(self, start: int) -> _Spans:
        spans: _Spans = {}
        style_words = self._grammar.style_words
        cost = 0.0
        for end, word in enumerate(self._words[start:], start=start + 1):
            cost += STYLE_WORD_COST if word in style_words else FREE_WORD_COST
            node = Node(FREE_TEXT, self._words[start:end])
            spans[end, _Ending.OPEN_TEXT] = Vertex.leaf(cost, node)
        return spans

    def _numbers(self, rule: str, start: int) -> _Spans:
        ends: list[int] = []
        for end in range(start + 1, len(self._words) + 1):
            if self._words[end - 1] not in NUMBER_WORDS:
                break
            if parse_number(self._words[start:end]) is not None:
                ends.append(end)
        spans: _Spans = {}
        for end in ends:
            said = self._words[start:end]
            cost = _cost_of_number(rule, said)
            if end < ends[-1]:
                cost += CUT_NUMBER_COST
            spans[end, _Ending.PLAIN] = Vertex.leaf(cost, Node(rule, said))
        return spans

    def _applications(self, start: int) -> _Spans:
        spans: _Spans = {}
        for name in self._grammar.applications.get(self._words[start], ()):
            end = start + len(name)
            if self._words[start:end] == name:
                node = Node(FREE_TEXT, name)
                spans[end, _Ending.PLAIN] = Vertex.leaf(self._grammar.application_cost, node)
        return spans

    def _walk(self, rule: str, start: int) -> _Spans:
        """Walks the rule's trie. All ways into a prefix come from before its end, so prefixes
        are finished in the order of their ends."""
        words, length = self._words, len(self._words)
        first_words = self._grammar.first_words
        spans: _Spans = {}
        prefixes: list[_Prefixes] = [{} for _ in range(length + 1)]
        trie = self._grammar.tries[rule]
        prefixes[start][trie.number, _Ending.PLAIN] = (trie, None)
        for position in range(start, length + 1):
            for (_, ending), (state, before) in prefixes[position].items():
                if before is not None and state.cost is not None:
                    self._finish(rule, spans, position, ending, state, before)
                if position == length:
                    continue
                word = words[position]
                after_word = state.words.get(word)
                if after_word is not None:
                    _reach(prefixes[position + 1], after_word, _Ending.PLAIN).add(
                        0.0, before, self._leaves[position]
                    )
                for child, after in state.rules_before(word, first_words):
                    extra = _cost_between(ending, child)
                    if child == GO_TO and self._grammar.enters_text(words, position):
                        extra += VERB_AS_OBJECT_COST
                    for (end, child_ending), span in self._of_rule(child, position).items():
                        _reach(prefixes[end], after, child_ending).add(extra, before, span)
        return spans

    def _finish(
        self, rule: str, spans: _Spans, end: int, ending: _Ending, state: State, vertex: Vertex
    ) -> None:
        assert state.cost is not None
        if rule == CHAIN or (rule == COMMAND and state.last not in self._grammar.text_commands):
            ending = _Ending.PLAIN
        elif rule == COMMAND and state.last == FOCUS:
            ending = _Ending.FOCUS
        elif rule == COMMAND and ending == _Ending.PLAIN:
            ending = _Ending.TEXT_COMMAND
        key = (end, ending)
        if key not in spans:
            spans[key] = Vertex(rule)
        spans[key].add(state.cost, vertex)


def _cost_of_number(rule: str, said: tuple[str, ...]) -> float:
    if len(said) == 1 and said[0] in DIGITS:
        return DIGIT_COST
    if rule != _ANY_NUMBER and said not in _NAMES_BELOW_HUNDRED:
        return UNSAMPLED_COST
    return NUMBER_COSTS[min(len(said), len(NUMBER_COSTS)) - 1]


def _cost_between(ending: _Ending, following: str) -> float:
    """Returns the cost of what comes next after an ending, beyond that of the sequence itself."""
    if following in (COMMAND, REPEAT):
        if ending == _Ending.OPEN_TEXT:
            return AFTER_OPEN_TEXT_COST
        if ending == _Ending.TEXT_COMMAND:
            return AFTER_TEXT_COMMAND_COST
    if following == PREPOSITION_SELECTION and ending == _Ending.PLAIN:
        # Only sampled after a text tail; elsewhere it is a `goTo`.
        return UNSAMPLED_COST
    return 0.0


def _reach(prefixes: _Prefixes, state: State, ending: _Ending) -> Vertex:
    """Returns the vertex of a state, a new one where it is reached for the first time."""
    reached = prefixes.get((state.number, ending))
    vertex = reached[1] if reached else None
    if vertex is None:
        vertex = Vertex()
        prefixes[state.number, ending] = (state, vertex)
    return vertex
