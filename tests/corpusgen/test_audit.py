"""The audit: clean over sources of every language, and each of its checks can fail."""

from __future__ import annotations

import json
import os
import sysconfig
from collections import Counter
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from arqon_maestro import languages
from arqon_maestro.cli.main import app
from arqon_maestro.corpusgen.audit import adds, audit_files, audit_source, inserts
from arqon_maestro.corpusgen.audit.reparsing import Reparser
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.snippets import SyntaxSnippets
from arqon_maestro.corpusgen.sources import Source

SOURCES: dict[str, str] = yaml.safe_load(
    Path(__file__).with_name("audit_sources.yaml").read_text("utf-8")
)
PYTHON = languages.get("python")
SEEDS = 5


def _failures(language: str, seed: int = 0):
    return audit_source(SOURCES[language], "source", languages.get(language), seed)


def test_every_language_has_a_source() -> None:
    assert set(SOURCES) == set(languages.names())


@pytest.mark.parametrize("language", sorted(SOURCES))
def test_every_mapping_passes(language: str) -> None:
    for seed in range(SEEDS):
        audit = _failures(language, seed)
        assert audit.taken, audit.rejects
        assert audit.failures == []
        assert audit.inserts > 0
        assert (audit.adds > 0) == (languages.get(language).grammar is not None)


def test_comment_behind_another_part_is_left_once() -> None:
    source = "".join(
        f"if [[ $a -eq {number} ]]; then\n  b\nelse\n  c\n  # why\nfi\n" for number in range(9)
    )
    for seed in range(SEEDS):
        audit = audit_source(source, "source", languages.get("bash"), seed)
        assert audit.failures == []


def test_end_behind_the_last_statement() -> None:
    source = "if a == 1\n  b = 2\n  c(b)  end\nif a\n  b\nelse\n  c  end\n" * 9
    for seed in range(SEEDS):
        audit = audit_source(source, "source", languages.get("ruby"), seed)
        assert audit.failures == []
        assert audit.kinds["If"] == 18


def test_rejected_file() -> None:
    audit = audit_source("x = 1\n", "short.py", PYTHON)
    assert not audit.taken
    assert audit.rejects == {"file: fewer than 10 lines": 1}
    assert audit.inserts == 0


def _spoiled(spoil):
    """Returns how a generator is made whose ranges are said, and then spoiled."""
    made = InsertGenerator.__init__

    def make(self, *args, **options) -> None:
        made(self, *args, **options)
        say = self.say

        def spoiled(*how):
            said = say(*how)
            spoil(said)
            return said

        self.say = spoiled

    return make


def _wrong_text(said) -> None:
    said.output = ["wrong" if unit == "self" else unit for unit in said.output]


def _lost_rest(said) -> None:
    said.remaining.clear()


def _twice(said) -> None:
    if said.stop > 20:
        said.remaining.append((5, 8))


def _odd_word(said) -> None:
    said.words = [word.upper() for word in said.words]


def _unopened_closer(said) -> None:
    said.output.append(")")


@pytest.mark.parametrize(
    ("spoil", "checks"),
    [
        (_wrong_text, {inserts.TEXT}),
        (_lost_rest, {inserts.COVERAGE}),
        (_odd_word, {inserts.WORDS}),
        (_unopened_closer, {inserts.CLOSERS}),
    ],
)
def test_spoiled_inserts_are_found(spoil, checks: set[str], monkeypatch) -> None:
    monkeypatch.setattr(InsertGenerator, "__init__", _spoiled(spoil))
    assert checks <= set(_failures("python").failed)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"output": ["x"], "kind": "Statement"}, adds.ONE_CARET),
        ({"output": ["CRSR", "x", "CRSR"], "kind": None}, adds.ONE_CARET),
        ({"container": "Nowhere"}, adds.CONTAINER),
        ({"output": ["Word", "CRSR"]}, adds.TOKENS),
        ({"words": ["(", "x"]}, inserts.WORDS),
        ({"output": ["(", "CRSR"]}, adds.PARSES),
    ],
)
def test_spoiled_adds_are_found(change, check: str, monkeypatch) -> None:
    mappings = SyntaxSnippets.mappings
    monkeypatch.setattr(
        SyntaxSnippets,
        "mappings",
        lambda self, generator: (draft._replace(**change) for draft in mappings(self, generator)),
    )
    assert _failures("python").failed[check]


def test_wrong_contexts_are_found(monkeypatch) -> None:
    monkeypatch.setattr(
        "arqon_maestro.corpusgen.context.Contexts.draw",
        lambda self, start, words, stem="": (["nowhere"], ["never _ seen"]),
    )
    failed = _failures("python").failed
    assert failed[inserts.LEADING]
    assert failed[inserts.ALPHA]


@pytest.mark.parametrize(
    ("kept", "printed", "fits"),
    [
        ("f(x)", "f(x)", True),
        ("ifa:", "iffalsea:", False),
        ("if:", "iftrue:pass", True),
        ("ifa:b", "ifa:", False),
        ("p", "passp", True),
        ("", "", True),
    ],
)
def test_fits_with(kept: str, printed: str, fits: bool) -> None:
    assert inserts.fits_with(kept, printed, ["true", "pass"]) == fits


def test_reparser_counts_what_is_new() -> None:
    reparser = Reparser("x = f(1)\ny = 2\n", ("tree_sitter_python:language",))
    assert reparser.new_faults(4, 8, "g()") == 0
    assert reparser.new_faults(4, 8, "g(") == 1


def test_reparser_forgives_what_was_there() -> None:
    reparser = Reparser("def (:\n\nx = 2\n", ("tree_sitter_python:language",))
    assert reparser.new_faults(8, 13, "y = 3") == 0


def test_files_are_added_up(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.py").write_text(SOURCES["python"])
    (tmp_path / "short.py").write_text("x = 1\n")
    (tmp_path / "binary.py").write_bytes(b"\0\1")
    sources = [Source(str(path), path.name) for path in sorted(tmp_path.iterdir())]
    one = audit_files(PYTHON, sources, workers=1).record()
    two = audit_files(PYTHON, sources, workers=2).record()
    assert one == two
    assert one["files"]["tried"] == 5
    assert one["files"]["taken"] == 3
    assert one["rejects"]["file: binary"] == 1
    assert one["kinds"]["Method"] == 3
    assert len(one["examples"]["Method"]) == 3
    assert one["failures"] == []


def test_command(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "a.py").write_text(SOURCES["python"])
    arguments = ["corpusgen", "audit", "--language", "python", str(tmp_path)]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["schema_version"] == 1
    assert report["mappings"]["add"] > 0
    result = CliRunner().invoke(app, arguments)
    assert "Method in ClassMemberList" in result.stdout


def test_command_tells_failures(monkeypatch, tmp_path: Path) -> None:
    def failing(*args, **options):
        audit = audit_files(*args, **options)
        audit.failed = Counter({"check": 1})
        return audit

    (tmp_path / "a.py").write_text(SOURCES["python"])
    monkeypatch.setattr("arqon_maestro.corpusgen.audit.audit_files", failing)
    result = CliRunner().invoke(app, ["corpusgen", "audit", "--language", "python", str(tmp_path)])
    assert result.exit_code == 1


@pytest.mark.slow
def test_standard_library() -> None:
    library = Path(sysconfig.get_path("stdlib"))
    paths = [path for path in sorted(library.rglob("*.py")) if "site-packages" not in path.parts]
    sources = [Source(str(path), path.relative_to(library).as_posix()) for path in paths[::8]]
    report = audit_files(PYTHON, sources, workers=2).record()
    assert report["failures"] == []
    assert report["files"]["taken"] >= 100


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted(set(SOURCES) - {"python"}))
def test_shards(language: str, tmp_path: Path) -> None:
    root = os.environ.get("ARQON_MAESTRO_LIBRARY_ROOT")
    folder = Path(root, "repositories", language) if root else None
    if folder is None or not folder.is_dir():
        pytest.skip("no library root with shards: maestro repositories fetch")
    from arqon_maestro.repositories.shards import read_shards

    sources = []
    for number, file in enumerate(read_shards(folder)):
        if number % 10 == 0 and len(sources) < 100:
            path = tmp_path / str(number)
            path.write_text(file.text, encoding="utf-8", newline="")
            sources.append(Source(str(path), f"{file.repository}/{file.path}"))
    report = audit_files(languages.get(language), sources, workers=2).record()
    assert report["failures"] == []
