"""Markup, the canonical form, and the runtime's test of parses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.corpusgen.grammar import (
    Node,
    accept_parse,
    accepts,
    canonical,
    parse_markup,
    words,
    write_markup,
)
from arqon_maestro.errors import DataError

SELECT_TWO_WORDS = (
    "<main> <commandChain> <command> <select> select <selectionWithImplicitPhrase> <selection> "
    "<unnamedSelection> <count> <number> two </number> </count> <selectionObjectPlural> "
    "<wordPluralObject> words </wordPluralObject> </selectionObjectPlural> </unnamedSelection> "
    "</selection> </selectionWithImplicitPhrase> </select> </command> </commandChain> </main>"
)
INSERT = (
    "<main> <commandChain> <command> <insert> insert <formattedText> total equals five "
    "</formattedText> </insert> </command> </commandChain> </main>"
)

NAMES = st.from_regex(r"[a-z][A-Za-z0-9]{0,8}", fullmatch=True)
WORDS = st.from_regex(r"[a-z']{1,6}|[0-9]|[.;=]", fullmatch=True)
TREES = st.recursive(
    st.builds(lambda name, leaves: Node(name, tuple(leaves)), NAMES, st.lists(WORDS, max_size=3)),
    lambda below: st.builds(
        lambda name, children: Node(name, tuple(children)),
        NAMES,
        st.lists(st.one_of(WORDS, below), max_size=4),
    ),
    max_leaves=12,
)


def wrapped(text: str) -> str:
    return f"<main> <commandChain> {text} </commandChain> </main>"


@pytest.mark.parametrize("markup", [SELECT_TWO_WORDS, INSERT])
def test_examples_of_the_description(markup: str) -> None:
    tree = parse_markup(markup)
    assert write_markup(tree) == markup
    assert canonical(tree) == tree
    assert accept_parse(words(tree), markup) == tree


@settings(max_examples=50)
@given(TREES)
def test_markup_round_trip(tree: Node) -> None:
    assert parse_markup(write_markup(tree)) == tree


@pytest.mark.parametrize(
    ("markup", "message"),
    [
        ("", "no tags"),
        ("  ", "no tags"),
        ("word", "token 1 of the markup: the word 'word' stands outside"),
        ("<main> a", "<main> is not closed"),
        ("<main> a </command>", r"token 3 .* </command> does not fit \(expected </main>"),
        ("</main>", "expected an open tag"),
        ("<main> a </main> <main> b </main>", "token 4 .* behind the root's end"),
        ("<main> a </main> b", "behind the root's end"),
        ("<main a </main>", "neither a tag nor a word"),
        ("<main> < </main>", "neither a tag nor a word"),
        ("<ma-in> a </ma-in>", "neither a tag nor a word"),
        ("<a> " * 5000, "nested too deeply"),
    ],
)
def test_malformed_markup(markup: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_markup(markup)
    assert accept_parse(["a"], markup) is None


def test_canonical_wraps() -> None:
    undo = Node("command", (Node("undo", ("undo",)),))
    expected = wrapped("<command> <undo> undo </undo> </command>")
    for tree in (
        undo,
        Node("commandChain", (undo,)),
        Node("main", (Node("commandChain", (undo,)),)),
    ):
        assert write_markup(canonical(tree)) == expected


def test_canonical_drops_empty_tags() -> None:
    go_to = Node("goToDefinition", ("go", "to", Node("the", ()), "definition"))
    tree = Node("command", (go_to, Node("x", (Node("y", ()),))))
    assert write_markup(canonical(tree)) == wrapped(
        "<command> <goToDefinition> go to definition </goToDefinition> </command>"
    )


def test_canonical_flattens_numbers() -> None:
    tens = Node("numberWords20To99", (Node("numberWordsTens", ("twenty",)), "two"))
    for rule in ("number", "numberRange1To10", "numberRange1To20", "numberRange1To99"):
        tree = canonical(Node(rule, (tens,)))
        assert write_markup(tree) == wrapped(f"<{rule}> twenty two </{rule}>")


def test_canonical_joins_free_text() -> None:
    text = Node("formattedText", ("a", Node("formattedText", ("b",))))
    helper = Node("addObject", ("function", Node("addModifier", ("static",)), text))
    tree = canonical(Node("add", (Node("addPrefix", ("add",)), helper, text, "x", text)))
    assert write_markup(tree) == wrapped(
        "<add> <addPrefix> add </addPrefix> <formattedText> function static a b a b "
        "</formattedText> x <formattedText> a b </formattedText> </add>"
    )


@settings(max_examples=50)
@given(TREES.filter(words))
def test_canonical_is_idempotent_and_keeps_the_words(tree: Node) -> None:
    once = canonical(tree)
    assert canonical(once) == once
    assert words(once) == words(tree)


UNDO = "command(undo(undo))"
LINE = "selection(unnamedSelection(selectionObjectSingular(lineSingularObject(line))))"


def bracketed(text: str) -> str:
    """Returns the markup of `a(x b(y))`."""
    tokens: list[str] = []
    names: list[str] = []
    for token in re.findall(r"\w+\(|\w+|\)", text):
        if token == ")":
            tokens.append(f"</{names.pop()}>")
        elif token.endswith("("):
            names.append(token[:-1])
            tokens.append(f"<{names[-1]}>")
        else:
            tokens.append(token)
    return " ".join(tokens)


@pytest.mark.parametrize(
    ("inside", "accepted"),
    [
        (UNDO, True),
        ("command(undo(redo))", False),
        ("undo(undo)", False),
        ("command(undo)", False),
        ("command(undo(undo) quantifier(twice))", True),
        ("command(send(send) quantifier(twice))", False),
        (UNDO * 5, True),
        (UNDO * 6, False),
        (UNDO + "repeat(again)", True),
        ("repeat(again)" + UNDO, False),
        ("command(press(press modifierKey(shift) key(a)))", True),
        ("command(press(press key(implicitKey(tab)) key(5)))", True),
        ("command(press(press" + " key(a)" * 5 + "))", True),
        ("command(press(press" + " key(a)" * 6 + "))", False),
        ("metaCommand(use(number(nineteen o five)))", True),
        ("metaCommand(use(number(two million)))", True),
        ("metaCommand(use(number(foo)))", False),
        ("metaCommand(use(number(a(two))))", False),
        ("metaCommand(use(number()))", False),
        # The range of a number rule is not checked, nor the case of letters.
        ("command(arrowKeyWithQuantifier(arrowKeyDirection(up) numberRange1To10(fifty)))", True),
        (f"command(indent(DECREASE indentation of {LINE}))", True),
        ("command(insert(insert formattedText(a(x))))", False),
        ("command(insert(insert))", False),
        ("command(add(addPrefix(add) formattedText(if)))", True),
        ("command(add(addPrefix(add) addObject(if)))", False),
        ("command(goToDefinition(go to the(the) definition))", True),
        ("command(goToDefinition(go to the() definition))", False),
        ("command(closeTagDeclaration(close tag(tag) tagName(formattedText(a))))", False),
        ("", False),
    ],
)
def test_acceptance(inside: str, accepted: bool) -> None:
    tree = parse_markup(wrapped(bracketed(inside)))
    assert accepts(tree) is accepted
    assert (accept_parse(words(tree), write_markup(tree)) is not None) is accepted


def test_only_a_whole_tree_with_the_transcripts_words_is_accepted() -> None:
    assert accept_parse(["insert", "total", "equals"], INSERT) is None
    assert accept_parse(["insert", "total", "equals", "six"], INSERT) is None
    assert not accepts(parse_markup(INSERT).children[0])  # type: ignore[arg-type]
