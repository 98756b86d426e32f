"""The add mappings of the running Python's standard library, put back into their files."""

from __future__ import annotations

import sysconfig
from collections import Counter
from pathlib import Path

import pytest

from arqon_maestro.corpusgen.choices import RandomChoices, seed_of
from arqon_maestro.corpusgen.snippets.shapes import container_names

LIBRARY = Path(sysconfig.get_path("stdlib"))
SAMPLE = sorted(LIBRARY.glob("*.py"))[:60]

# In a sample of the standard library every one of these is said.
KINDS = frozenset(
    """Argument CatchClause Class_ Comment Decorator ElseClause ElseIfClause ExtendsType
    FinallyClause ForEach Function If KeyValuePair Lambda ListElement Method Modifier Parameter
    Property ReturnValue Statement Try While With""".split()  # noqa: SIM905
)


def _sources(paths: list[Path]) -> list[tuple[str, str]]:
    found = []
    for path in paths:
        try:
            found.append((path.name, path.read_text("utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def _check(parse_file, reparser, paths: list[Path], every: int) -> Counter[str | None]:
    kinds: Counter[str | None] = Counter()
    for name, source in _sources(paths):
        file = parse_file(source, "python")
        parser = reparser(file)
        drafts = file.drafts(RandomChoices(seed_of(name)))
        kinds.update(draft.kind for draft in drafts)
        for draft in drafts:
            carets = draft.output.count("CRSR")
            assert carets == 1 or (draft.kind is None and carets == 0), (name, draft)
            assert draft.container in container_names()
            assert draft.words
        if not parser.clean:
            continue
        # A target that was cut short need not parse: nobody has said the rest yet.
        for draft in [draft for draft in drafts if not draft.partial][::every]:
            assert parser.still_clean(*file.put_back(draft)), (name, draft)
    return kinds


def test_sample(parse_file, reparser) -> None:
    kinds = _check(parse_file, reparser, SAMPLE[::5], every=10)
    assert sum(kinds.values()) > 5000


@pytest.mark.slow
def test_every_kind_is_said(parse_file, reparser) -> None:
    kinds = _check(parse_file, reparser, SAMPLE, every=3)
    assert set(kinds) >= KINDS


@pytest.mark.slow
def test_all(parse_file, reparser) -> None:
    paths = [path for path in sorted(LIBRARY.rglob("*.py")) if "site-packages" not in path.parts]
    _check(parse_file, reparser, paths, every=100)
