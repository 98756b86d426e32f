"""The section machinery: where words go, how often, and what is left out."""

from __future__ import annotations

from collections import Counter

import pytest

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.generation import AddDraft

ROUNDS = 2000


def _words(drafts: list[AddDraft], container: str) -> Counter[str]:
    return Counter(" ".join(draft.words) for draft in drafts if draft.container == container)


@pytest.fixture
def many(parse_file):
    """Says a source many times over."""

    def run(source: str, container: str, language: str = "python") -> list[AddDraft]:
        file = parse_file(source, language)
        choices = RandomChoices(7)
        drafts = [draft for _ in range(ROUNDS) for draft in file.drafts(choices)]
        return [draft for draft in drafts if draft.container == container]

    return run


def _share(drafts: list[AddDraft], words: str) -> float:
    found = sum(1 for draft in drafts if f" {words} " in f" {' '.join(draft.words)} ")
    return found / len(drafts)


def test_the_trigger_stands_first_before_or_behind_the_name(many) -> None:
    drafts = [
        draft for draft in many("class A:\n    async def b(c): pass\n", "ClassMemberList")
        if "async" in draft.words
    ]  # fmt: skip
    forms = Counter(" ".join(draft.words) for draft in drafts)
    total = len(drafts)
    assert forms["method async b"] / total == pytest.approx(0.33 * 0.95, abs=0.03)
    assert forms["async method b"] / total == pytest.approx(0.33 * 0.95 * 0.97, abs=0.03)
    assert forms["async b method"] / total == pytest.approx(0.34 * 0.95, abs=0.03)
    assert forms["async b function"] > 0
    assert {"async method called b", "async method named b", "async method with name b"} & set(
        forms
    )


def test_what_stands_before_the_name_is_now_and_then_implicit(many) -> None:
    drafts = many("@a\nasync def b(c): pass\n", "StatementList")
    drafts = [draft for draft in drafts if "def" in draft.output]
    # A long word may be said as its two halves: "a sync".
    implicit = [draft for draft in drafts if not {"async", "sync"} & set(draft.words)]
    assert len(implicit) / len(drafts) == pytest.approx(0.10, abs=0.02)
    for draft in drafts:
        assert {"async", "sync"} & set(draft.output)
        assert ("@" in draft.output) == (draft in implicit)


def test_sections_stop(many) -> None:
    drafts = many("while a: b\n", "StatementList")
    drafts = [draft for draft in drafts if "while" in draft.words]
    stopped = [draft for draft in drafts if "C true" in draft.output]
    assert len(stopped) / len(drafts) == pytest.approx(0.20, abs=0.03)
    assert all(draft.partial for draft in stopped)


def test_articles(many) -> None:
    drafts = many("f(b)\n", "ArgumentList")
    assert _share(drafts, "an argument") == pytest.approx(0.0095, abs=0.006)
    assert _share(drafts, "a argument") < 0.004


def test_phrases_by_weight(many) -> None:
    drafts = many("for a in b: c\n", "StatementList")
    drafts = [draft for draft in drafts if "for" in draft.words]
    assert _share(drafts, "for each") == pytest.approx(0.25, abs=0.03)


def test_bare_elements_are_rare_and_have_no_caret(many) -> None:
    drafts = many("from a import b\n", "ImportSpecifierList")
    assert len(drafts) / ROUNDS == pytest.approx(0.05, abs=0.015)
    assert all(draft.kind is None and "CRSR" not in draft.output for draft in drafts)


def test_string_keys_mostly_lose_their_quotes(many) -> None:
    drafts = many('{"a": b}\n', "KeyValuePairList")
    assert _share(drafts, "entry a") == pytest.approx(0.9, abs=0.03)
    assert all(draft.output[:3] == ['"', "a", '"'] for draft in drafts)


def test_a_stop_queues_what_it_takes_out(parse_file, stopping) -> None:
    file = parse_file("if a:\n    b\nelse:\n    c\n", "python")
    said = file.insert(stopping, 1, len(file.stream))
    assert said.words == ["if"]
    kept = {"NL", "if", "SP"}
    queued = [unit for start, stop in said.remaining for unit in file.stream.printed[start:stop]]
    assert [unit for unit in file.stream.printed if unit not in {*queued, *kept, ":"}] == []


def test_a_snippet_in_an_insert(parse_file, likely) -> None:
    file = parse_file("x = 1\nif a:\n    b\n    c\n", "python")
    start = file.stream.printed.index("if")
    said = file.insert(likely, start, len(file.stream))
    assert (" ".join(said.words), " ".join(said.output)) == ("if a b", "if SP a : I b CRSR")
    assert not file.snippets.rejects


def test_in_text(parse_file) -> None:
    file = parse_file("a = 'b'  # c\n", "python")
    inside = [file.stream.printed[i] for i in range(len(file.stream)) if file.snippets.in_text(i)]
    assert inside == ["'", "b", "'", "#", "SP", "c"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("class A:\n    def __init__(self): pass\n", "silent kind"),
        ("def f(a b c: pass\n", "syntax error"),
        ("a = 1  # b\n", "no form of Comment"),
        ("x = [" + "a, " * 3000 + "]\n", "oversized node"),
    ],
)
def test_rejects_are_counted(parse_file, likely, source: str, reason: str) -> None:
    file = parse_file(source, "python")
    file.drafts(likely)
    assert file.snippets.rejects[reason] > 0


def test_a_dedent_of_several_levels_is_dropped(parse_file, likely) -> None:
    source = "try:\n    if a:\n        b\nexcept C:\n    d\n"
    drafts = parse_file(source, "python").drafts(likely)
    assert not any("try" in draft.output for draft in drafts)


def test_the_same_seed_gives_the_same_mappings(parse_file) -> None:
    source = "class A(B):\n    def c(self, d=1):\n        if d: return [e, f]\n"
    first, second, other = (
        parse_file(source, "python").drafts(RandomChoices(seed)) for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


def test_a_silent_node_is_no_snippet_in_an_insert(parse_file, likely) -> None:
    source = "<p>a<p>b\n"
    file = parse_file(source, "html")
    found = file.snippets.starting_at(1, len(file.stream))
    assert [snippet.kind for snippet in found] == ["MarkupOpeningTag"]
    assert file.insert(likely, 1, len(file.stream)).words[:2] == ["open", "tag"]


@pytest.mark.parametrize(
    ("source", "candidates"),
    [
        ("(" * 20_000, 0),
        ("x = " + "[" * 10_000 + "]" * 10_000, 9_000),
        ("x = " + "f(" * 10_000 + ")" * 10_000, 9_000),
        ("class A(" + ", ".join(["b"] * 10_000) + "): pass\n", 10_000),
        ("f(" + "lambda: " * 10_000 + "a)\n", 2),
        ("# a\n" * 10_000 + "b\n", 10_000),
    ],
)
def test_hostile_sources_neither_crash_nor_hang(parse_file, source: str, candidates: int) -> None:
    file = parse_file(source, "python")
    drafts = file.drafts(RandomChoices(1))
    assert len(drafts) + file.snippets.rejects.total() >= candidates
