"""Recorded cases of every language: a source, and all that is said for it.

A case has a `source`, the `adds` as ``container: words => target``, and the `rejects`. Choices are
the likely ones, or with `stop` those that leave out all that may be left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

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
