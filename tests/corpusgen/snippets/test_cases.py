"""Recorded cases of every language: a source, and all that is said for it.

A case has a `source`, the `adds` as ``container: words => target``, and the `rejects`. Choices are
the likely ones, or with `stop` those that leave out all that may be left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.snippets.shapes import container_names

SEEDS = range(8)
# A grammar that takes no empty body of this kind.
NEVER_EMPTY = {("dart", "Enum")}
CASES = Path(__file__).with_name("cases")


def _cases() -> list[Any]:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}-{number}")
        for path in sorted(CASES.glob("*.yaml"))
        for number, case in enumerate(yaml.safe_load(path.read_text()))
    ]


@pytest.mark.parametrize(("language", "case"), _cases())
def test_adds(language: str, case: dict[str, Any], parse_file, likely, stopping) -> None:
    file = parse_file(case["source"], language)
    drafts = file.drafts(stopping if case.get("choices") == "stop" else likely)
    adds = [f"{d.container}: {' '.join(d.words)} => {' '.join(d.output)}" for d in drafts]
    assert adds == case["adds"]
    assert dict(file.snippets.rejects) == case.get("rejects", {})


@pytest.mark.parametrize(("language", "case"), _cases())
def test_complete_targets_parse_in_place(
    language: str, case: dict[str, Any], parse_file, reparser
) -> None:
    file = parse_file(case["source"], language)
    parser = reparser(file)
    assert parser.clean
    for seed in SEEDS:
        for draft in file.drafts(RandomChoices(seed)):
            carets = draft.output.count("CRSR")
            assert carets == 1 or (draft.kind is None and carets == 0), draft
            assert draft.container in container_names()
            if not draft.partial and (language, draft.kind) not in NEVER_EMPTY:
                assert parser.still_clean(*file.put_back(draft)), draft


@pytest.mark.parametrize("language", sorted({path.stem for path in CASES.glob("*.yaml")}))
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_broken_sources_are_no_errors(language: str, parse_file, data: st.DataObject) -> None:
    cases = yaml.safe_load((CASES / f"{language}.yaml").read_text())
    source = data.draw(st.sampled_from([case["source"] for case in cases]))
    start = data.draw(st.integers(0, len(source)))
    stop = data.draw(st.integers(start, min(start + 20, len(source))))
    junk = data.draw(st.text("(){}[]<>;:,'\"#/ \n", max_size=5))
    file = parse_file(source[:start] + junk + source[stop:], language)
    for draft in file.drafts(RandomChoices(start)):
        assert draft.start < draft.stop
        assert draft.output
