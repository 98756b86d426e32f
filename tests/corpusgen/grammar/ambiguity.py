"""Whether a transcript can be understood in one way only, worked out apart from the parser.

Free text can be any words, so that strictly nearly everything has two readings: "select line two"
is also a phrase to look for. What is asked here is whether the *form* of a command is clear: free
text is taken to be words that no command has. A chain is unambiguous if the sampler can make
exactly one tree of its words once the words of each free text are replaced by unknown ones (by two
where it has more than one: two texts side by side can be parted in several ways then). Left out
are therefore objects that have a name in common, two texts side by side, "right one parameters"
(one list or one parameter), and the like; a text whose own words look like commands is not.
"""

from __future__ import annotations

from functools import cache

from arqon_maestro.corpusgen.grammar import Node
from arqon_maestro.corpusgen.grammar.expansion import APPLICATION_TAG, Children, Expansion
from arqon_maestro.corpusgen.grammar.rules import NUMBER_RULES, load_grammar
from arqon_maestro.corpusgen.grammar.sampler import load_applications
from arqon_maestro.corpusgen.spoken.number_parser import parse_number
from arqon_maestro.corpusgen.spoken.numbers import speak_below_hundred
from arqon_maestro.corpusgen.spoken.readings import readings

UNKNOWN = "…"
TEXT = "formattedText"
LARGEST_NUMBER = 9999
# Section 5.2.
COMMANDS = {
    "quantifiable": "newline changeWindow close cut inspect delete goTo paste redo reload save "
    "scroll select style setTextStyle switchWindow tabs undoCloseTab undo press forward",
    "text": "type comment indent sort copy changeAll change show apply autocomplete click "
    "duplicate goToPhrase run scrollPhrase focus launch add openFile rename shift surroundWith "
    "systemInsert dictate insert",
    "other": "goToSyntaxError joinLines debug edit showDictationBox dictateStart dictateStop "
    "goToDefinition languageMode pause send arrowKeyWithQuantifier bareCopy bareCut bareInspect",
}
QUANTIFIABLE, TEXT_COMMANDS, OTHER = (names.split() for names in COMMANDS.values())


def is_unambiguous(tree: Node) -> bool:
    """Returns whether the sampler makes only this tree of its words, texts being unknown words."""
    said = tuple(_opaque(tree))
    return _Readings(said).number() == 1


def _opaque(node: Node) -> list[str]:
    said: list[str] = []
    for child in node.children:
        if isinstance(child, str):
            said.append(child)
        elif child.name == TEXT and not (node.name == "focus" and _is_program(child)):
            said += [UNKNOWN] * min(len(child.children), 2)
        else:
            said += _opaque(child)
    return said


def _is_program(text: Node) -> bool:
    return text.children in load_applications()


def sequence(*rules: str) -> Children:
    return tuple(f"<{rule}>" for rule in rules)


@cache
def _ways(rule: str) -> tuple[Children, ...]:
    """What the sampler makes of a rule: sections 5.3 and 5.4."""
    without, last = "commandWithoutText", "commandWithText"
    if rule == "main":
        return (sequence("commandChain"),)
    if rule == "commandChain":
        found = [sequence("metaCommand"), sequence("unchainableCommand")]
        for length in range(1, 4):
            before = [without] * (length - 1)
            found += [
                sequence(*before, without),
                sequence(*before, last),
                sequence(*before, last, "prepositionSelection"),
                sequence(*before, "repeat"),
            ]
        return (*found, sequence("focusAlone", without))
    if rule == "focusAlone":
        return (sequence("focus"),)
    if rule == last:
        return tuple(sequence(text) for text in TEXT_COMMANDS)
    if rule == without:
        plain = tuple(sequence(name) for name in (*OTHER, *QUANTIFIABLE))
        return plain + tuple(sequence(name, "quantifier") for name in QUANTIFIABLE)
    grammar = load_grammar()
    ways = Expansion(grammar.rules, grammar.weights).of_rule(rule)
    return tuple(way for way, chance in ways.items() if way and chance > 0)


@cache
def _is_said(rule: str, said: tuple[str, ...]) -> bool:
    value = parse_number(said)
    if value is None or value > LARGEST_NUMBER:
        return False
    if rule == "number":
        return said in readings(str(value))
    return 0 < value < 100 and said == tuple(speak_below_hundred(value))


class _Readings:
    """Counts the trees of some words."""

    def __init__(self, said: tuple[str, ...]) -> None:
        self._said = said
        self._ends: dict[tuple[str, int], dict[int, int]] = {}
        self._rests: dict[tuple[Children, int], dict[int, int]] = {}

    def number(self) -> int:
        return self._of_child("<main>", 0).get(len(self._said), 0)

    def _of_child(self, child: str, start: int) -> dict[int, int]:
        key = (child, start)
        if key not in self._ends:
            self._ends[key] = self._find(child, start)
        return self._ends[key]

    def _find(self, child: str, start: int) -> dict[int, int]:
        said, length = self._said, len(self._said)
        if start == length:
            return {}
        if child[0] != "<":
            return {start + 1: 1} if said[start] == child else {}
        if child == APPLICATION_TAG:
            return {
                start + len(name): 1
                for name in load_applications()
                if said[start : start + len(name)] == name
            }
        rule = child[1:-1]
        if rule == TEXT:
            end = start
            while end < length and said[end] == UNKNOWN:
                end += 1
            return dict.fromkeys(range(start + 1, end + 1), 1)
        if rule in NUMBER_RULES:
            return {
                end: 1 for end in range(start + 1, length + 1) if _is_said(rule, said[start:end])
            }
        found: dict[int, int] = {}
        for way in _ways(rule):
            if way[0][0] != "<" and way[0] != said[start]:
                continue
            for end, trees in self._of_way(way, start).items():
                found[end] = found.get(end, 0) + trees
        return found

    def _of_way(self, way: Children, start: int) -> dict[int, int]:
        if not way:
            return {start: 1}
        key = (way, start)
        if key not in self._rests:
            found: dict[int, int] = {}
            for middle, trees in self._of_child(way[0], start).items():
                for end, more in self._of_way(way[1:], middle).items():
                    found[end] = found.get(end, 0) + trees * more
            self._rests[key] = found
        return self._rests[key]
