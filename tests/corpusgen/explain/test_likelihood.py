"""The chances that `explain` gives are those of the generator."""

from __future__ import annotations

from collections import Counter

import pytest

from arqon_maestro import languages
from arqon_maestro.corpusgen import probability
from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.explain import explain_edit, sayings_at
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.snippets import snippet_source
from arqon_maestro.corpusgen.tokens import token_stream
from arqon_maestro.errors import UsageError

SAMPLES = 4000
LEAST_SEEN = 20
# Of a sampled share, in standard deviations.
FARTHEST = 4.5


def sampled_inserts(text: str) -> Counter[str]:
    """Returns what is said for a whole text, without stopping early."""
    language = languages.get("python")
    stream = token_stream(text)
    snippets = snippet_source(stream, language)
    generator = InsertGenerator(stream, language, RandomChoices(1), snippets=snippets)
    said: Counter[str] = Counter()
    for _ in range(SAMPLES):
        generated = generator.generate(1, len(stream))
        if not generated.partial and generated.stop == len(stream):
            said[" ".join(generated.words)] += 1
    return said


@pytest.mark.parametrize(
    "text",
    [
        "x[1] = 12",
        'f(a_b, "c")',
        "x  += y; z",
        "not MaxSize",
        "-1.5",
        "lambda: 3",
        "a == __b__",
        "run()",
        "(x)[0]",
        "Dear John",
    ],
)
def test_the_chances_are_those_of_the_generator(text: str) -> None:
    said = sampled_inserts(text)
    seen = [words for words, count in said.items() if count >= LEAST_SEEN]
    assert seen
    for words in seen:
        explained = explain_edit(f"insert {words}", "", text, "python")
        least, most = explained.probability, explained.probability + explained.unexplored
        deviation = (most * (1 - most) / SAMPLES) ** 0.5
        share = said[words] / SAMPLES
        assert least - FARTHEST * deviation <= share <= most + FARTHEST * deviation, words


def test_the_chances_of_a_node_are_those_of_the_generator() -> None:
    language = languages.get("python")
    text = "def get_name():\n    pass\n"
    stream = token_stream(text)
    snippets = snippet_source(stream, language)
    assert snippets is not None
    generator = InsertGenerator(stream, language, RandomChoices(1), snippets=snippets)
    said: Counter[str] = Counter()
    for _ in range(SAMPLES):
        draft = next(snippets.mappings(generator))
        if draft.output[:5] == ["def", "SP", "get", "_", "name"]:
            said[" ".join(draft.words)] += 1
    for words, count in said.items():
        if count >= LEAST_SEEN:
            chance = probability(f"add {words}", "", text, "python")
            assert chance is not None
            deviation = (chance * (1 - chance) / SAMPLES) ** 0.5
            assert count / SAMPLES == pytest.approx(chance, abs=FARTHEST * deviation + 1e-3)


def test_the_caret_matters_if_it_is_marked() -> None:
    at_the_name = "def get_name<>():\n    pass\n"
    in_the_body = "def get_name():\n    <>pass\n"
    assert probability("add function get name", "", at_the_name, "python")
    assert probability("add function get name", "", in_the_body, "python") is None


def test_a_diamond_is_no_caret() -> None:
    assert probability("insert new array list diamond parens", "", "new ArrayList<>()", "java")


def test_a_caret_before_the_edit_says_where_it_starts() -> None:
    assert probability("insert b comma a", "f(<>b)", "f(b, a, b)", "python") is None
    assert probability("insert comma a", "f(a<>)", "f(a, a)", "python")


def test_the_first_word_that_is_not_said_is_named() -> None:
    explained = explain_edit("insert x equals the five", "", "x = 5", "python")
    assert not explained.producible
    assert explained.said == ("insert", "x", "equals")
    assert explained.alternatives[0].words == ("five",)


def test_what_the_words_make_instead_is_shown() -> None:
    explained = explain_edit("add function f", "", "def f():\n    <>pass\n", "python")
    assert explained.said == ("add", "function", "f")
    assert explained.reason == ("the words make another text: def SP f CRSR ( ) : I pass")


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("x = 1", "x = 2", "the edit does not only put text in"),
        ("x = 1", "x = 1", "the edit does not only put text in"),
        ("bar", "foobar", "the text that was put in starts or ends inside a word"),
    ],
)
def test_an_edit_that_no_insert_makes(before: str, after: str, reason: str) -> None:
    explained = explain_edit("insert foo", before, after, "python")
    assert (explained.producible, explained.reason) == (False, reason)


@pytest.mark.parametrize("transcript", ["", "insert", "delete line", "um insert x"])
def test_another_first_word_is_an_error(transcript: str) -> None:
    with pytest.raises(UsageError, match="starts with add or insert"):
        explain_edit(transcript, "", "x", "python")


def test_a_long_line_ends_in_bounded_runs() -> None:
    text = "x = [" + ", ".join(["a"] * 40) + "]"
    words = "insert x equals in brackets a" + " comma a" * 39
    chance = probability(words, "", text, "python")
    assert chance is None or 0 < chance < 1


@pytest.mark.parametrize("text", ["", "\x00", "((((", "\ud800", "\n\n", "    "])
def test_odd_texts_are_no_crash(text: str) -> None:
    assert explain_edit("insert x", "", text, "python").probability == 0.0
    assert explain_edit("add x", text, text + "x", "python").probability <= 1.0


def test_the_likeliest_ways_at_a_place() -> None:
    source = "def get_name(self):\n    return 1\n"
    ways = sayings_at(source, "python", 0, count=3)
    assert [way.saying.words[0] for way in ways[:4]] == ["insert"] * 3 + ["add"]
    best = next(way for way in ways if way.saying.container == "StatementList")
    assert best.saying.words == ("add", "function", "get", "name")
    chance = probability("add function get name", "", "def get_name(self):\n    pass\n", "python")
    assert chance is not None
    assert best.probability <= chance * 1.01


def test_an_offset_outside_the_text_is_an_error() -> None:
    with pytest.raises(UsageError, match="no such offset"):
        sayings_at("x", "python", 1)


@pytest.mark.parametrize("offset", [0, 4, 12, 20, 30])
def test_the_ways_to_say_a_place_are_no_more_than_certain(offset: int) -> None:
    ways = sayings_at("def f(a, b):\n    if a > b: return [a]\n", "python", offset, count=10_000)
    by_place: dict[tuple[int, str | None, str | None], float] = {}
    left: dict[tuple[int, str | None, str | None], float] = {}
    for way in ways:
        place = (way.saying.start, way.saying.container, way.saying.kind)
        by_place[place] = by_place.get(place, 0.0) + way.probability
        left[place] = way.unexplored
    for place, total in by_place.items():
        assert 0.05 < total + left[place] <= 1 + 1e-9, place


def test_a_huge_line_is_no_hang() -> None:
    line = "x = " + "a + " * 100_000 + "a\n"
    assert explain_edit("insert b", "", line, "python").reason
    assert probability("insert b", line, line + "b", "python")
    assert sayings_at(line, "python", 0, count=1)


def test_a_text_full_of_diamonds_is_read_quickly() -> None:
    text = "var x = new A<>();\n" * 300
    assert probability("insert b", text, text + "b<>", "java")
