"""The grammar as the parser walks it: a trie of children for each rule, with costs.

A cost is a negated natural logarithm of a chance, the chance that the sampler takes this way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from arqon_maestro.corpusgen.grammar.canonical import CHAIN, ROOT
from arqon_maestro.corpusgen.grammar.chainer import (
    COMMAND,
    GO_TO,
    PREPOSITION_SELECTION,
    QUANTIFIER,
    REPEAT,
)
from arqon_maestro.corpusgen.grammar.chaining import Chaining, load_chaining
from arqon_maestro.corpusgen.grammar.expansion import APPLICATION, Chances, Expansion
from arqon_maestro.corpusgen.grammar.rules import (
    FREE_TEXT,
    NUMBER_RULES,
    UNIONS,
    Grammar,
    load_grammar,
)
from arqon_maestro.corpusgen.grammar.sampler import load_applications
from arqon_maestro.corpusgen.spoken.number_parser import NUMBER_WORDS
from arqon_maestro.corpusgen.spoken.symbols import style_names

# Of ways that are derivable, but never sampled.
UNSAMPLED_COST = -math.log(1e-7)
# Of a word of free text: one in two thousand, so that the commands' own words are preferred.
FREE_WORD_COST = -math.log(1 / 2000)
# Of a word of free text that names a style ("snake case"): dictated code is full of them.
STYLE_WORD_COST = -math.log(1 / 200)
# Of a digit, and of other numbers of one, two, and more words.
DIGIT_COST = -math.log(0.07)
NUMBER_COSTS = (-math.log(0.005), -math.log(0.002), -math.log(5e-5))
# Of ending a number though the words that follow would make it a longer one.
CUT_NUMBER_COST = -math.log(0.01)
# Of going on after a command whose free text is open-ended: a chain's text tail comes last, so
# that all other readings are put before this one.
AFTER_OPEN_TEXT_COST = 1000.0
# Of going on after a text command without such free text, for the same reason; but it is said.
AFTER_TEXT_COMMAND_COST = -math.log(0.05)
# Of going to an object without saying so, where the object's word is also the verb of a text
# command: "type two" enters text, though there is a second type.
VERB_AS_OBJECT_COST = 100.0

_WORD_RULES = frozenset({FREE_TEXT, *NUMBER_RULES})


class State:
    """A node of a rule's trie: what can come next after the children on the way to it."""

    __slots__ = ("_by_word", "cost", "last", "number", "rules", "words")

    def __init__(self, number: int, last: str) -> None:
        self.number = number
        self.last = last
        self.cost: float | None = None
        self.words: dict[str, State] = {}
        self.rules: dict[str, State] = {}
        self._by_word: dict[str, tuple[tuple[str, State], ...]] = {}

    def rules_before(
        self, word: str, first_words: Mapping[str, frozenset[str] | None]
    ) -> tuple[tuple[str, State], ...]:
        """Returns the rules that can come next and can begin with `word`, with their states."""
        found = self._by_word.get(word)
        if found is None:
            found = tuple(
                (rule, state)
                for rule, state in self.rules.items()
                if (first := first_words[rule]) is None or word in first
            )
            # Other words than the grammar's are too many to be kept.
            if any(first and word in first for first in map(first_words.get, self.rules)):
                self._by_word[word] = found
        return found


class ParserGrammar:
    """Tries and first words of all rules that a tree can have.

    Args:
        grammar: rules and weights of the samples.
        chaining: how often which command is sampled.
        applications: names of programs.
    """

    def __init__(
        self, grammar: Grammar, chaining: Chaining, applications: tuple[tuple[str, ...], ...]
    ) -> None:
        plain = Expansion(grammar.rules, {})
        sampled = Expansion(grammar.rules, grammar.weights)
        self.text_commands = frozenset(chaining.text)
        self.style_words = frozenset(
            word for names in style_names().values() for name in names for word in name
        )
        self.applications: dict[str, list[tuple[str, ...]]] = {}
        for name in applications:
            self.applications.setdefault(name[0], []).append(name)
        self.application_cost = math.log(len(applications))
        self.tries: dict[str, State] = {}
        self.first_words: dict[str, frozenset[str] | None] = {
            FREE_TEXT: None,
            APPLICATION: frozenset(self.applications),
            **dict.fromkeys(NUMBER_RULES, NUMBER_WORDS),
        }
        self._states = 0
        for rule in _rules_of_trees(plain):
            chances = dict.fromkeys(plain.of_rule(rule), 0.0)
            if rule == COMMAND:
                chances |= _command_chances(chances, chaining)
            elif rule == CHAIN:
                chances |= _chain_chances(chances, chaining)
            else:
                chances |= sampled.of_rule(rule)
            self.tries[rule] = self._trie(chances)
        for rule in self.tries:
            self._find_first_words(rule)
        self._text_verbs = {
            verb: self._second_words(verb)
            for rule in chaining.text
            for verb, after in self.tries[rule].words.items()
            if FREE_TEXT in after.rules
        }

    def enters_text(self, words: tuple[str, ...], start: int) -> bool:
        """Returns whether a text command's verb stands at `start`, and no object's longer name."""
        seconds = self._text_verbs.get(words[start])
        return seconds is not None and (start + 1 == len(words) or words[start + 1] not in seconds)

    def _second_words(self, first: str) -> frozenset[str]:
        """Returns what follows `first` in the names of objects: "alias" after "type"."""
        return frozenset(
            second
            for rule, root in self.tries.items()
            if rule.endswith(tuple(UNIONS)) and first in root.words
            for second in root.words[first].words
        )

    def _trie(self, chances: Chances) -> State:
        root = self._state("")
        for children, chance in chances.items():
            state = root
            for child in children:
                name = child[1:-1] if child[0] == "<" else child
                edges = state.rules if child[0] == "<" else state.words
                if name not in edges:
                    edges[name] = self._state(name)
                state = edges[name]
            if children:
                state.cost = -math.log(chance) if chance else UNSAMPLED_COST
        return root

    def _state(self, last: str) -> State:
        self._states += 1
        return State(self._states, last)

    def _find_first_words(self, rule: str) -> frozenset[str] | None:
        if rule not in self.first_words:
            root = self.tries[rule]
            found: set[str] | None = set(root.words)
            for child in root.rules:
                below = self._find_first_words(child)
                found = None if found is None or below is None else found | below
            self.first_words[rule] = None if found is None else frozenset(found)
        return self.first_words[rule]


def _rules_of_trees(expansion: Expansion) -> list[str]:
    """Returns the rules below the root, those excepted whose children are any words."""
    found = [ROOT]
    for rule in found:
        for way in expansion.of_rule(rule):
            for child in way:
                name = child[1:-1]
                if child[0] == "<" and name not in found and name not in _WORD_RULES:
                    found.append(name)
    return found


def _command_chances(ways: Chances, chaining: Chaining) -> Chances:
    """Returns how often each child of `command` is sampled."""
    pool = chaining.without_text
    chances = dict.fromkeys(chaining.text, chaining.text_tail / len(chaining.text))
    for rule in pool:
        chances[rule] = (1 - chaining.text_tail) * (1 - chaining.go_to) / len(pool)
    chances[GO_TO] += (1 - chaining.text_tail) * chaining.go_to
    found: Chances = {}
    for way in ways:
        rule = way[0][1:-1]
        share = 1.0
        if rule in chaining.quantifiable:
            quantified = way[1:] == (f"<{QUANTIFIER}>",)
            share = chaining.quantified if quantified else 1 - chaining.quantified
        found[way] = chances[rule] * share
    return found


def _chain_chances(ways: Chances, chaining: Chaining) -> Chances:
    """Returns how often each sequence of children of `commandChain` is sampled."""
    ordinary = 1 - chaining.meta - chaining.unchainable
    found: Chances = {("<metaCommand>",): chaining.meta}
    found["<unchainableCommand>",] = chaining.unchainable
    for way in ways:
        if way in found:
            continue
        if way[-1] == f"<{REPEAT}>":
            length, share = len(way), chaining.repeat
        elif way[-1] == f"<{PREPOSITION_SELECTION}>":
            length, share = len(way) - 1, chaining.text_tail * chaining.preposition
        else:
            length, share = len(way), 1.0
        found[way] = ordinary * share * chaining.lengths.get(length, 0.0)
    return found


@cache
def load_parser_grammar() -> ParserGrammar:
    """Returns the tries of the package's grammar."""
    return ParserGrammar(load_grammar(), load_chaining(), load_applications())
