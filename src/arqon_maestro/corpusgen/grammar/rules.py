"""The command grammar: rule trees loaded from tables and validated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from arqon_maestro.corpusgen.grammar.expressions import (
    Alternatives,
    Expression,
    RuleRef,
    parse_expression,
    references,
    terminal_words,
)
from arqon_maestro.errors import DataError, did_you_mean

RULES_FILE = "grammar_rules.tsv"
OBJECTS_FILE = "grammar_objects.tsv"
WEIGHTS_FILE = "sampling.tsv"
OWN_ALTERNATIVES = "GRAMMAR"

# The unions over the object rules, by the ending of the rules' names.
UNIONS = {
    "SingularObject": "selectionObjectSingular",
    "PluralObject": "selectionObjectPlural",
    "NamedObject": "namedSelectionObject",
}
# Rules below which the canonical tree has bare words that the number parser reads (5.5 c, 5.6).
NUMBER_RULES = ("number", "numberRange1To10", "numberRange1To20", "numberRange1To99")
FREE_TEXT = "formattedText"


@dataclass(frozen=True, slots=True)
class Weighted:
    """One way to say a rule, with its share of the samples; None is the rule's own alternatives."""

    weight: float
    expression: Expression | None


@dataclass(frozen=True)
class Grammar:
    """Rules by name, in the order of the tables, and how those that are not uniform are sampled."""

    rules: Mapping[str, Expression]
    weights: Mapping[str, tuple[Weighted, ...]]

    def words(self) -> tuple[str, ...]:
        """Returns all words of the grammar, sorted."""
        found = {word for rule in self.rules.values() for word in terminal_words(rule)}
        return tuple(sorted(found))


@cache
def load_grammar() -> Grammar:
    """Returns the package's grammar."""
    texts = {
        name: files(__package__).joinpath(name).read_text(encoding="utf-8")
        for name in (RULES_FILE, OBJECTS_FILE, WEIGHTS_FILE)
    }
    return parse_grammar(texts[RULES_FILE], texts[OBJECTS_FILE], texts[WEIGHTS_FILE])


def parse_grammar(rules_text: str, objects_text: str, weights_text: str) -> Grammar:
    """Builds the grammar from its three tables.

    Args:
        rules_text: ``rule<TAB>alternatives`` lines; ``#`` starts a comment line.
        objects_text: the same for the object types; their unions are added.
        weights_text: ``rule<TAB>weight<TAB>alternatives`` lines; `GRAMMAR` is the rule itself.

    Raises:
        DataError: with ``file:line``: a line of another form, a rule given twice, a reference to
            no rule, a rule that contains itself, weights that do not sum to one.
    """
    rules: dict[str, Expression] = {}
    lines: dict[str, str] = {}
    unions: dict[str, list[str]] = {union: [] for union in UNIONS.values()}
    for name, text in ((RULES_FILE, rules_text), (OBJECTS_FILE, objects_text)):
        for where, (rule, expression) in _rows(name, text, columns=2):
            if rule in rules:
                raise DataError(f"rule {rule} is given twice", where=where, why=lines[rule])
            rules[rule] = parse_expression(expression, where)
            lines[rule] = where
            for ending, union in UNIONS.items():
                if rule.endswith(ending):
                    unions[union].append(rule)
    for union, members in unions.items():
        if not members:
            raise DataError(f"no rule for {union}", where=OBJECTS_FILE)
        rules[union] = Alternatives(tuple(RuleRef(member) for member in members))
    for rule, tree in rules.items():
        _check_references(references(tree), rules, lines.get(rule, OBJECTS_FILE))
    _check_not_recursive(rules, lines)
    return Grammar(rules, _parse_weights(weights_text, rules))


def _rows(name: str, text: str, columns: int) -> Iterator[tuple[str, list[str]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != columns:
            raise DataError(
                f"expected {columns} columns separated by a tab, found {len(cells)}",
                where=f"{name}:{number}",
            )
        yield f"{name}:{number}", cells


def _check_references(names: Iterable[str], rules: Mapping[str, Expression], where: str) -> None:
    for name in names:
        if name not in rules:
            raise DataError(f"no rule {name!r}", where=where, why=did_you_mean(name, rules))


def _check_not_recursive(rules: Mapping[str, Expression], lines: Mapping[str, str]) -> None:
    """Everything later relies on it: the finite expansion, the parser's depth."""
    finished: set[str] = set()

    def visit(rule: str, path: tuple[str, ...]) -> None:
        if rule in path:
            chain = " > ".join((*path[path.index(rule) :], rule))
            raise DataError("a rule contains itself", where=lines.get(rule), why=chain)
        if rule not in finished:
            for child in references(rules[rule]):
                visit(child, (*path, rule))
            finished.add(rule)

    for rule in rules:
        visit(rule, ())


def _parse_weights(text: str, rules: Mapping[str, Expression]) -> dict[str, tuple[Weighted, ...]]:
    weights: dict[str, list[Weighted]] = {}
    for where, (rule, share, notation) in _rows(WEIGHTS_FILE, text, columns=3):
        _check_references([rule], rules, where)
        try:
            weight = float(share)
        except ValueError:
            raise DataError(f"{share!r} is not a number", where=where) from None
        expression = None
        if notation != OWN_ALTERNATIVES:
            expression = parse_expression(notation, where)
            _check_references(references(expression), rules, where)
        weights.setdefault(rule, []).append(Weighted(weight, expression))
    for rule, entries in weights.items():
        total = sum(entry.weight for entry in entries)
        if abs(total - 1) > 1e-9 or min(entry.weight for entry in entries) < 0:
            raise DataError(f"the weights of {rule} sum to {total}, not 1", where=WEIGHTS_FILE)
    return {rule: tuple(entries) for rule, entries in weights.items()}
