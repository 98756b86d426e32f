"""The grammar's tables and the notation that they are written in."""

from __future__ import annotations

import pytest

from arqon_maestro.corpusgen.grammar.expressions import (
    Alternatives,
    AnyWord,
    NumberIn,
    Optional,
    Plus,
    RuleRef,
    Sequence,
    Star,
    Tagged,
    Terminal,
    parse_expression,
    terminal_words,
)
from arqon_maestro.corpusgen.grammar.rules import Grammar, load_grammar, parse_grammar
from arqon_maestro.errors import DataError

A, B = Terminal("a"), Terminal("b")
RULES = "main\t‹a›+\na\tgo (‹lineSingularObject› | ‹linePluralObject› | ‹lineNamedObject›)?\n"
OBJECTS = "lineSingularObject\tline\nlinePluralObject\tlines\nlineNamedObject\tline\n"
WEIGHTS = "a\t0.5\tGRAMMAR\na\t0.5\tgo\n"


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return load_grammar()


def test_number_of_rules_and_object_types(grammar: Grammar) -> None:
    assert len(grammar.rules) == 440
    singular = [rule for rule in grammar.rules if rule.endswith("SingularObject")]
    plural = [rule for rule in grammar.rules if rule.endswith("PluralObject")]
    named = [rule for rule in grammar.rules if rule.endswith("NamedObject")]
    assert (len(singular), len(plural), len(named)) == (129, 129, 27)
    types = {rule.removesuffix("SingularObject") for rule in singular}
    assert {rule.removesuffix("PluralObject") for rule in plural} == types
    assert {rule.removesuffix("NamedObject") for rule in named} - types == {"phrase"}


def test_number_of_hand_written_rules_and_spoken_forms(grammar: Grammar) -> None:
    """Section 5's figures: 440 = 152 + 285 + 3 rules, 130 types, 160 forms.

    The figure of 647 terminals counts names of the reference's lexer; 538 of them are words of a
    rule. Here they are the same but for the eight plurals of plurals.
    """
    objects = ("SingularObject", "PluralObject", "NamedObject")
    of_objects = {rule for rule in grammar.rules if rule.endswith(objects)}
    unions = {"selectionObjectSingular", "selectionObjectPlural", "namedSelectionObject"}
    by_hand = set(grammar.rules) - of_objects - unions
    assert (len(by_hand), len(of_objects), len(unions)) == (152, 285, 3)

    def forms(rule: str) -> int:
        expression = grammar.rules[rule]
        return len(expression.options) if isinstance(expression, Alternatives) else 1

    singular = sum(forms(rule) for rule in of_objects if rule.endswith("SingularObject"))
    assert singular + forms("phraseNamedObject") == 160
    words = {word for rule in by_hand for word in terminal_words(grammar.rules[rule])}
    assert (len(words), len(grammar.words())) == (364, 538 - 8)


def test_known_defects_are_mended(grammar: Grammar) -> None:
    words = grammar.words()
    assert "decrease" in words
    assert all(word.islower() for word in words)
    assert not {
        *("argumentses", "extendses", "implementses", "interfaceses"),
        *("modifierses", "nameses", "parameterses", "parentses"),
    } & set(words)
    add_object = grammar.rules["addObject"]
    assert isinstance(add_object, Alternatives)
    first_words = [next(terminal_words(option), "") for option in add_object.options]
    assert {"try", "type", "while"} <= set(first_words)


def test_unions_keep_longer_forms_first(grammar: Grammar) -> None:
    union = grammar.rules["selectionObjectSingular"]
    assert isinstance(union, Alternatives)
    lengths = []
    for option in union.options:
        assert isinstance(option, RuleRef)
        rule = grammar.rules[option.name]
        forms = rule.options if isinstance(rule, Alternatives) else (rule,)
        lengths.append(max(len(list(terminal_words(form))) for form in forms))
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("go", Terminal("go")),
        ("‹rule›+", Plus(RuleRef("rule"))),
        ("a b?", Sequence((A, Optional(B)))),
        ("a | (b c)*", Alternatives((A, Star(Sequence((B, Terminal("c"))))))),
        ("ANYWORD+", Plus(AnyWord())),
        ("a | ε", Alternatives((A, Sequence(())))),
        ("10..90/10", NumberIn(range(10, 91, 10))),
        ("‹addPrefix: add›", Tagged("addPrefix", Terminal("add"))),
    ],
)
def test_notation(text: str, expected: object) -> None:
    assert parse_expression(text, "here") == expected


@pytest.mark.parametrize(
    "text", ["", "a |", "(a", "a)", "? a", "A", "‹a", "a ‹b: c", "a & b", "()"]
)
def test_wrong_notation_is_an_error_with_its_place(text: str) -> None:
    with pytest.raises(DataError, match="here"):
        parse_expression(text, "here")


def test_small_grammar_loads() -> None:
    grammar = parse_grammar(RULES, OBJECTS, "# nothing\n\n" + WEIGHTS)
    assert list(grammar.rules)[:2] == ["main", "a"]
    assert grammar.words() == ("go", "line", "lines")
    assert [entry.weight for entry in grammar.weights["a"]] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("rules", "objects", "weights", "message"),
    [
        ("main ‹a›\n", OBJECTS, "", r"grammar_rules.tsv:1: expected 2 columns"),
        (RULES + "a\tgo\n", OBJECTS, "", r"grammar_rules.tsv:3: rule a is given twice"),
        (RULES + "b\t‹goo›\n", OBJECTS, "", r"grammar_rules.tsv:3: no rule 'goo'"),
        (
            RULES + "b\t‹c›\nc\tx ‹b›?\n",
            OBJECTS,
            "",
            r"grammar_rules.tsv:3: a rule contains itself",
        ),
        (RULES + "b\t(a\n", OBJECTS, "", r"grammar_rules.tsv:3: '\)' is missing"),
        ("main\tgo\n", "lineSingularObject\tline\n", "", "no rule for selectionObjectPlural"),
        (RULES, OBJECTS, "a\t0.5\tgo\n", "the weights of a sum to 0.5"),
        (RULES, OBJECTS, "a\thalf\tgo\n", r"sampling.tsv:1: 'half' is not a number"),
        (RULES, OBJECTS, "b\t1\tgo\n", r"sampling.tsv:1: no rule 'b'"),
        (RULES, OBJECTS, "a\t1\t‹b›\n", r"sampling.tsv:1: no rule 'b'"),
        (RULES, OBJECTS, "a\t1\tgo (‹b: go›)?\n", r"sampling.tsv:1: no rule 'b'"),
        (RULES, OBJECTS, "a\t1.5\tgo\na\t-0.5\tgo\n", "the weights of a"),
    ],
)
def test_wrong_tables_are_errors_with_their_place(
    rules: str, objects: str, weights: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        parse_grammar(rules, objects, weights)
