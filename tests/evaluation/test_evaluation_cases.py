"""Held-out cases: the dataset's own lines with their places, grouped, put back, parsed again."""

from __future__ import annotations

import json

import pytest

from arqon_maestro import languages
from arqon_maestro.corpusgen.modes import mapping_lines
from arqon_maestro.corpusgen.tokens import decode
from arqon_maestro.evaluation.cases import ADD, COMMAND, INSERT, Case, cases_of
from arqon_maestro.evaluation.groups import all_groups, grouped, length_group, unknown_shares
from arqon_maestro.evaluation.placing import FilePlace, parse_rates

SOURCE = (
    """import os


class Tank:
    def fill(self, litres):
        if litres > 0:
            self.level = self.level + litres
        return self.level

    def empty(self):
        names = [path for path in os.listdir(".")]
        return names
"""
    * 3
)
MODELS = ("auto-style", "contextual-language-model", "transcript-parser")


@pytest.mark.parametrize("model", MODELS)
def test_cases_are_the_datasets_lines(model: str) -> None:
    made = cases_of(SOURCE, "r/a.py", "python", model, 7)
    lines = mapping_lines(SOURCE, "r/a.py", "python", model, 7).lines
    assert [(case.source, case.target) for case in made.cases] == lines
    assert lines


def test_places_hold_what_is_said() -> None:
    made = cases_of(SOURCE, "r/a.py", "python", "auto-style", 7)
    inserts = [case for case in made.cases if case.kind == INSERT]
    whole = 0
    for case in inserts:
        # Inner lines are indented as their place is.
        said = "".join(made.source[case.start : case.stop].split())
        text = "".join(decode(case.target.split()).text.split())
        # Where the text ended early, brackets and quotes were closed behind it.
        assert text.startswith(said), (said, text)
        assert case.container == case.snippet == ""
        whole += text == said
    assert whole > 0.8 * len(inserts)
    adds = [case for case in made.cases if case.kind == ADD]
    assert {"Function", "Class_", "If"} & {case.snippet for case in adds}
    assert all(case.container for case in adds)


def test_commands_have_their_rules() -> None:
    made = cases_of(SOURCE, "r/a.py", "python", "transcript-parser", 7)
    assert all(case.kind == COMMAND and case.rules for case in made.cases)
    assert {"goTo", "cancel"} <= {rule for case in made.cases for rule in case.rules}


def test_a_rejected_file_has_no_case() -> None:
    assert cases_of("x\n", "r/a.py", "python", "auto-style", 7).cases == []


def test_cases_survive_json() -> None:
    for model in MODELS:
        for case in cases_of(SOURCE, "r/a.py", "python", model, 7).cases:
            assert Case.from_json(json.loads(json.dumps(case.to_json()))) == case


def test_text_is_indented_as_its_file_is() -> None:
    source = "if x:\n  y = 1\n  z = 2\nw = 3\n"
    place = FilePlace(source, languages.get("python"))
    start = source.index("z = 2")
    assert place.text_of("if SP a : I b NL c", start) == "if a:\n    b\n    c"
    assert place.new_faults("if SP a : I b", start, start + len("z = 2")) == 0
    assert place.new_faults("if SP a : I (", start, start + len("z = 2")) > 0


def case_at(source: str, text: str, target: str) -> Case:
    start = source.index(text)
    place = {"start": start, "stop": start + len(text)}
    return Case("CTX ENG x", target, "python", "a.py", INSERT, ("x",), **place)  # type: ignore[arg-type]


def test_parse_rates_judge_the_output_by_the_reference() -> None:
    source = "a = f(1, 2)\nb = [3]\nc = 4\n"
    cases = [
        case_at(source, "f(1, 2)", "f ( 1 , SP 2 )"),  # right
        case_at(source, "[3]", "[ 3 ]"),  # wrong, parses
        case_at(source, "4", "4"),  # wrong, does not parse
        case_at(source, "f(1", "f ( 1 )"),  # the reference closes a bracket that is there already
    ]
    outputs = ["f ( 1 , SP 2 )", "{ 3 }", "4 )", "f"]
    rates = parse_rates(cases, outputs, {"a.py": source})
    assert rates is not None
    assert rates.unjudged == 1
    assert rates.of_all is not None
    assert (rates.of_all.count, rates.of_all.total) == (2, 3)
    assert rates.of_misses is not None
    assert (rates.of_misses.count, rates.of_misses.total) == (1, 2)


def test_a_language_without_grammar_has_no_parse_rate() -> None:
    case = Case("CTX ENG x", "x", "default", "a.txt", INSERT, ("x",), start=0, stop=1)
    assert parse_rates([case], ["x"], {"a.txt": "x"}) is None


def test_every_output_parses_where_all_are_right() -> None:
    made = cases_of(SOURCE, "r/a.py", "python", "auto-style", 7)
    targets = [case.target for case in made.cases]
    rates = parse_rates(made.cases, targets, {"r/a.py": made.source})
    assert rates is not None
    assert rates.of_all is not None
    assert rates.of_all.value == 1
    assert rates.of_misses is None
    assert rates.unjudged < 0.1 * len(targets)


def test_groups() -> None:
    cases = [
        Case("s", "t", "python", "f", ADD, ("a",) * 3, container="List_", snippet="Element"),
        Case("s", "t", "python", "f", ADD, ("a",), container="List_", snippet="Class_"),
        Case("s", "t", "default", "f", COMMAND, ("a",) * 20, rules=("goTo", "undo")),
    ]
    found = all_groups(cases, [True, False, True])
    assert (found["container"]["List_"]["count"], found["container"]["List_"]["total"]) == (1, 2)
    assert list(found["container"]) == ["List_"]
    assert found["snippet"]["Element"]["value"] == 1
    assert found["rule"].keys() == {"goTo", "undo"}
    assert found["length"].keys() == {"1–2 words", "3–5 words", "20+ words"}
    assert found["language"].keys() == {"python", "default"}
    assert "language" not in all_groups(cases[:2], [True, False])
    assert list(grouped(cases, [True] * 3, lambda case: case.snippet)) != []


@pytest.mark.parametrize(
    ("words", "group"),
    [(0, "1–2 words"), (2, "1–2 words"), (3, "3–5 words"), (9, "6–9 words"), (50, "20+ words")],
)
def test_length_groups(words: int, group: str) -> None:
    assert length_group(("w",) * words) == group


def test_unknown_shares() -> None:
    pairs = [
        ("CTX ENG get name", "get _ name"),
        ("CTX ENG get zyx zyx", "get _ zyx"),
        ("CTX ENG get", "get _ other"),
        (" ".join(["ENG", *(f"w{number}" for number in range(21))]), "get"),
    ]
    shares = unknown_shares(pairs, ["CTX", "ENG", "get", "name", "_"])
    assert (shares["tokens"]["count"], shares["tokens"]["total"]) == (23, 34)
    assert shares["lines"]["count"] == 2
    assert shares["unreachable"]["count"] == 1
    assert shares["too_many"]["count"] == 1
