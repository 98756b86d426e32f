"""Hand-written cases: what a person would say for an edit, and whether the generator says it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from arqon_maestro.corpusgen.explain import explain_edit, probability

FOLDER = Path(__file__).parent / "cases"
FILES = sorted(FOLDER.glob("*.yaml"))
LEAST_SHARE = 0.9
# The fast test tries one case in so many.
SAMPLED = 6


class Case(BaseModel):
    """What is said for an edit; `gap` says why the generator does not say it.

    `covers` is a kind that is said in it though the whole is of another one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    say: str
    before: str = ""
    after: str
    gap: str = ""
    covers: str = ""


class CaseFile(BaseModel):
    """The cases of one language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    cases: tuple[Case, ...]


def read(path: Path) -> CaseFile:
    return CaseFile.model_validate(yaml.safe_load(path.read_text("utf-8")))


def wrong(language: str, cases: tuple[Case, ...]) -> list[str]:
    """Returns the cases that do not come out as their file says, with the reason."""
    found = []
    for case in cases:
        chance = probability(case.say, case.before, case.after, language)
        if (chance is not None) == bool(case.gap):
            explained = explain_edit(case.say, case.before, case.after, language)
            now = "is said now" if case.gap else f"{' '.join(explained.said)} | {explained.reason}"
            found.append(f"{case.say}: {now}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sample_of_the_cases(path: Path) -> None:
    file = read(path)
    assert wrong(file.language, file.cases[::SAMPLED]) == []


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_all_cases(path: Path) -> None:
    file = read(path)
    assert wrong(file.language, file.cases) == []


def test_nine_cases_in_ten_are_producible() -> None:
    cases = [case for path in FILES for case in read(path).cases]
    assert len(cases) >= 600
    assert sum(not case.gap for case in cases) >= LEAST_SHARE * len(cases)


def test_no_case_is_there_twice() -> None:
    for path in FILES:
        cases = [(case.say, case.before, case.after) for case in read(path).cases]
        assert len(set(cases)) == len(cases), path.name
