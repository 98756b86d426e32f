"""The whole way, with models that answer from tables."""

from __future__ import annotations

import ast

import pytest

from arqon_maestro.corpusgen.grammar import parse_markup
from arqon_maestro.languages import get
from arqon_maestro.runtime.document import Document
from arqon_maestro.runtime.edit import Editor
from arqon_maestro.runtime.interpreter import Interpreter
from arqon_maestro.runtime.style import Styler, rejection
from arqon_maestro.runtime.transcripts import Transcript, typed

from .fakes import ConstantRescorer, GrammarModel, SpokenModel, TableModel

FUNCTION = "def SP get _ name CRSR ( ) : I pass"
ANSWERS = {
    "function get name": [(FUNCTION, -0.2), ("def SP C get C name CRSR ( ) : I pass", -1.5)],
    "x equals five": [("x SP = SP 5", -0.1)],
    "x equals nine": [("x SP = SP 9", -4.5), ("x = 9", -5.0)],
    "ESCAPE_comma": [("ESCAPE_comma", -0.3)],
    "loop": [("NL NL NL NL", -0.1), ("SP " * 8, -0.2)],
    "nothing": [],
}


def interpreter(model: SpokenModel, language: str = "python", **named: object) -> Interpreter:
    contextual = named.get("contextual")
    assert contextual is None or isinstance(contextual, ConstantRescorer)
    return Interpreter(GrammarModel(1), Editor(get(language), Styler(model, contextual)))


def test_add_function() -> None:
    model = SpokenModel(ANSWERS)
    best, second = interpreter(model).interpret(Document("", 0), typed(["add function get name"]))
    assert best.outcome.document == Document("def get_name():\n    pass", len("def get_name"))
    ast.parse(best.outcome.document.source)
    assert best.standing.valid
    assert best.standing.style_cost == 0.2
    assert second.outcome.code == "def GetName():\n    pass"
    assert model.asked == ["CTX NL SNIP_StatementList function get name"]


def test_add_in_a_block_is_as_far_indented() -> None:
    source = "class A:\n  def f(self):\n    return 1\n"
    model = SpokenModel({"method get name": [("def SP get _ name CRSR ( self ) : I pass", -0.2)]})
    (best,) = interpreter(model).interpret(
        Document(source, source.index("return")), typed(["add method get name"])
    )
    assert best.outcome.document is not None
    assert best.outcome.document.source == source[:-1] + ("\n  def get_name(self):\n    pass\n")
    # What the model sees ends with the new line's own indentation, as in training.
    assert model.asked[0].split(" SNIP_ClassMemberList ")[0].endswith("return SP 1 D")


def test_insert_sees_the_text_before_the_caret() -> None:
    model = SpokenModel(ANSWERS)
    (best,) = interpreter(model).interpret(
        Document("if a:\n    \n", 10), typed(["insert x equals five"])
    )
    assert model.asked == ["CTX NL if SP a : I ENG x equals five"]
    assert best.outcome.document == Document("if a:\n    x = 5\n", 15)


def test_insert_below() -> None:
    (best,) = interpreter(SpokenModel(ANSWERS)).interpret(
        Document("  a\nb", 1), typed(["insert below x equals five"])
    )
    assert best.outcome.document == Document("  a\n  x = 5\nb", 11)


def test_escapes() -> None:
    model = SpokenModel(ANSWERS)
    (best,) = interpreter(model).interpret(Document("", 0), typed(["insert escape comma"]))
    assert best.outcome.document == Document("comma", 5)


def test_rejected_code_is_shown_but_not_used() -> None:
    rows = interpreter(SpokenModel(ANSWERS)).interpret(
        Document("", 0), typed(["insert x equals nine"])
    )
    assert [row.standing.valid for row in rows] == [False, False]
    assert all(row.outcome.document is None for row in rows)
    assert rows[0].outcome.code == "x = 9"
    assert "not above -4.5" in rows[0].outcome.note


@pytest.mark.parametrize(
    ("tokens", "score", "rejected"),
    [
        (["a"], -4.49, False),
        (["a"], -4.5, True),
        (["NL"] * 3, -1.0, False),
        (["a", *["NL"] * 4], -1.0, True),
        (["SP"] * 7, -1.0, False),
        (["SP"] * 8, -1.0, True),
        (["SP", "SP", "NL"] * 5, -1.0, False),
    ],
)
def test_rejection(tokens: list[str], score: float, rejected: bool) -> None:
    assert bool(rejection(tokens, score)) == rejected


def test_too_many_unknowns() -> None:
    (row,) = interpreter(SpokenModel(ANSWERS)).interpret(Document("", 0), typed(["insert nothing"]))
    assert not row.standing.valid
    assert "placeholders" in row.outcome.note


def test_the_contextual_model_orders_code() -> None:
    rescorer = ConstantRescorer(-2.0)
    transcripts = [
        Transcript(("insert", "x", "equals", "five"), 3.0, 1.0),
        Transcript(("add", "function", "get", "name"), 2.0, 3.0),
    ]
    model = SpokenModel({**ANSWERS, "function get name": [(FUNCTION, -0.2)]})
    rows = interpreter(model, contextual=rescorer).interpret(Document("", 0), transcripts)
    # 3.0 + 0.1 + 6.0 against 2.0 + 0.2 + 6.0: the contextual costs replace 1.0 and 3.0.
    assert [row.parse.transcript.words[0] for row in rows] == ["add", "insert"]
    assert rows[0].standing.style_total == pytest.approx(8.2)
    assert rescorer.asked[0] == ("NL", "x equals five")


def test_different_words_for_the_same_effect_are_one() -> None:
    model = SpokenModel({**ANSWERS, "ex equals five": [("x SP = SP 5", -0.4)]})
    rows = interpreter(model).interpret(
        Document("", 0), typed(["insert x equals five", "insert ex equals five"])
    )
    assert [row.parse.transcript.text for row in rows] == ["insert x equals five"]


def test_nothing_heard() -> None:
    assert interpreter(SpokenModel(ANSWERS)).interpret(Document("", 0), typed(["um"])) == []
    assert interpreter(SpokenModel(ANSWERS)).interpret(Document("", 0), []) == []


def test_a_failing_parser_is_not_hidden() -> None:
    editor = Editor(get("python"), Styler(SpokenModel(ANSWERS)))
    rows = Interpreter(TableModel({}), editor).interpret(
        Document("", 0), typed(["insert x equals five"])
    )
    assert rows[0].parse.origin == "grammar"
    assert rows[0].outcome.code == "x = 5"
    assert rows[-1].parse.tree is None
    assert not rows[-1].standing.valid


def test_rules_where_snippets_are_off() -> None:
    (best,) = interpreter(SpokenModel({}), "kotlin").interpret(
        Document("", 0), typed(["insert lambda x equals five"])
    )
    assert best.outcome.code == "lambda x=5"
    assert best.outcome.note == "formatted by rule"


def test_a_chain() -> None:
    (best,) = interpreter(SpokenModel(ANSWERS)).interpret(
        Document("a\nb", 0), typed(["delete line insert x equals five"])
    )
    assert best.outcome.document == Document("x = 5b", 5)


def test_two_texts_in_a_chain() -> None:
    model = SpokenModel({"foo": [("foo", -0.1), ("C foo", -9.0)], "bar": [("bar", -0.2)]})
    editor = Editor(get("python"), Styler(model))
    insert = "<command> <insert> insert <formattedText> {} </formattedText> </insert> </command>"
    chain = f"{insert.format('foo')} {insert.format('bar')}"
    tree = parse_markup(f"<main> <commandChain> {chain} </commandChain> </main>")
    good, rejected = editor.carry_out(Document("", 0), tree)
    assert good.document == Document("foobar", 6)
    assert good.style_cost == pytest.approx(0.3)
    # What was rejected ends there.
    assert rejected.document is None
    assert rejected.style_cost == 9.0


def test_a_place_after_the_text() -> None:
    (best, *_) = interpreter(SpokenModel({"foo": [("foo", -0.1)]})).interpret(
        Document("a b c", 5), typed(["insert foo after first word"])
    )
    assert best.outcome.document == Document("afoo b c", 4)
