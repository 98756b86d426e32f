from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from arqon_maestro import languages
from arqon_maestro.errors import ConfigurationError, MissingPartError, UsageError
from arqon_maestro.repositories.sources import load_sources, parse_source, save_sources

CONFIG = Path(__file__).parents[2] / "config" / "sources.yaml"
EXPRESS = {
    "registry": "npm",
    "name": "express",
    "version": "5.3.0",
    "licence": "MIT",
    "archive": "express-5.3.0.tgz",
    "sha256": "0" * 64,
    "languages": ["javascript"],
}


def test_the_checkout_pins_three_packages_of_every_language() -> None:
    sources = load_sources(CONFIG)
    counts = Counter(
        language
        for source in sources.sources
        if source.registry != "standard-library"
        for language in source.languages
    )
    assert sorted(counts) == languages.names()
    assert min(counts.values()) >= 3
    archives = [source.archive for source in sources.sources if hasattr(source, "archive")]
    assert len(set(archives)) == len(archives)


def test_python_and_prose_need_no_network() -> None:
    sources = load_sources(CONFIG)
    for language in ("python", "default"):
        assert sources.of(language, embedded_only=True)
    names = [source.name for source in sources.of("default", names=["standard-library-prose"])]
    assert names == ["standard-library-prose"]


def test_choosing_by_name() -> None:
    sources = load_sources(CONFIG)
    assert [s.name for s in sources.of("javascript", names=["npm/express"])] == ["express"]
    assert {s.registry for s in sources.of("javascript", names=["npm"])} == {"npm"}
    with pytest.raises(UsageError, match="did you mean 'express'"):
        sources.of("javascript", names=["expres"])
    with pytest.raises(UsageError, match="did you mean 'python'"):
        sources.of("pyton")


def test_lists_are_written_read_and_joined(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    folder = {"registry": "local-folder", "name": "mine", "path": "/x", "licence": "MIT"}
    mine = parse_source({**folder, "languages": ["go"]}, "test")
    other = parse_source({**EXPRESS, "version": "6.0.0"}, "test")
    save_sources(first, [parse_source(EXPRESS, "test")])
    save_sources(second, [other, mine])
    assert load_sources(second).sources == (other, mine)
    assert load_sources(first, second).sources == (other, mine)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"languages": ["pyton"]}, "did you mean 'python'"),
        ({"languages": []}, "languages"),
        ({"licence": "GPL-3.0-only"}, "copyleft"),
        ({"licence": "MIT OR"}, "ends early"),
        ({"sha256": "abc"}, "sha256"),
        ({"name": "../../etc"}, "name"),
        ({"name": "-rf"}, "name"),
        ({"archive": "../x.tgz"}, "archive"),
        ({"version": "1 2"}, "version"),
        ({"shar256": "0"}, "did you mean 'sha256'"),
        ({"registry": "cpan"}, "cpan"),
        ({"split": "tset"}, "tset"),
    ],
)
def test_wrong_entries_are_told_with_file_key_and_value(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    import yaml

    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"sources": [EXPRESS | change, EXPRESS | {"name": 3}]}))
    with pytest.raises(ConfigurationError) as caught:
        load_sources(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    # All errors of a file at once.
    assert "sources.1" in str(caught.value)


@pytest.mark.parametrize("text", ["[", "- a", "sources: 3", "schema_version: 2", "a: b: c", "\x00"])
def test_what_is_no_list_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError):
        load_sources(path)


def test_a_missing_list_is_a_missing_part(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError):
        load_sources(tmp_path / "none.yaml")
