"""Every kind of section 4.3 that a language has is among the cases of what people say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from arqon_maestro import languages
from arqon_maestro.corpusgen.explain import explain_edit
from arqon_maestro.corpusgen.snippets.recipes import recipes
from arqon_maestro.runtime.triggers import kinds_of, snippet_kind
from tests.corpusgen.explain.test_cases import FOLDER, read

# Section 4.3; a part of a kind, or a kind of its own here, is left out.
KINDS = frozenset(recipes()) | {"Throw"}
NOT_IN_THE_TABLE = frozenset(
    ("ReturnType", "ForOf", "EmptyMarkupElement", "MarkupText", "Getter", "Setter")
)


class Absent(BaseModel):
    """The data file: see there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    counts_as: dict[str, str]
    marked: dict[str, tuple[str, ...]]
    languages: dict[str, dict[str, tuple[str, ...]]]
    phrases_without_a_case: dict[str, dict[str, tuple[str, ...]]]

    def kinds_of(self, language: str) -> frozenset[str]:
        """Returns the kinds that the language has."""
        absent = {kind for kinds in self.languages[language].values() for kind in kinds}
        assert absent <= KINDS, absent - KINDS
        return KINDS - NOT_IN_THE_TABLE - absent


DATA = Absent.model_validate(yaml.safe_load(Path(__file__).with_name("kinds.yaml").read_text()))
WITH_TREES = [language.name for language in languages.every() if language.snippets is not None]


def test_every_language_with_a_tree_is_there() -> None:
    assert sorted(DATA.languages) == WITH_TREES
    for language in WITH_TREES:
        assert DATA.kinds_of(language)


@pytest.mark.parametrize("language", WITH_TREES)
def test_every_phrase_of_the_runtime_has_a_case(language: str) -> None:
    reasons = DATA.phrases_without_a_case.get(language, {})
    excused = {phrase for phrases in reasons.values() for phrase in phrases}
    found = {
        snippet_kind(case.say.split()[1:], language)
        for case in read(FOLDER / f"{language}.yaml").cases
        if not case.gap and case.say.startswith("add ")
    }
    assert kinds_of(language) - found == excused


@pytest.mark.slow
@pytest.mark.parametrize("language", WITH_TREES)
def test_every_kind_has_a_case(language: str) -> None:
    found = set()
    for case in read(FOLDER / f"{language}.yaml").cases:
        if case.gap:
            continue
        if case.covers:
            assert set(case.say.split()) & set(DATA.marked[case.covers]), case.say
            found.add(case.covers)
        said = explain_edit(case.say, case.before, case.after, language, alternatives=False)
        kind = None if said.saying is None else said.saying.kind
        if kind is not None:
            found.add(DATA.counts_as.get(kind, kind))
    assert sorted(DATA.kinds_of(language) - found) == []
    # What a language is said not to have is in none of its cases.
    assert sorted(found & KINDS - DATA.kinds_of(language) - NOT_IN_THE_TABLE) == []
