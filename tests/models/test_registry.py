"""models.yaml: read strictly, edited in place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro import languages
from arqon_maestro.errors import ConfigurationError, MissingPartError
from arqon_maestro.library import CODE_MODELS, SPEECH_MODELS, Library
from arqon_maestro.models.keys import (
    MODEL_KEYS,
    MODEL_LANGUAGES,
    ModelKey,
    code_key,
    parse_key,
    speech_key,
)
from arqon_maestro.models.registry import (
    EMBEDDED,
    Registry,
    dump_registry,
    library_registry,
    parse_registry,
    read_registry,
    record_installed,
    set_version,
)

from .conftest import CHECKOUT

SHARED = CHECKOUT / "config" / "models.yaml"
PYTHON = code_key("auto-style", "python")
VERSION = "0123456789abcdef0123456789abcdef01234567"
VERSIONS = st.text("0123456789abcdef", min_size=40, max_size=40)


def test_there_are_33_keys() -> None:
    # 4 of the speech engine, the parser, and 2 models for 14 languages.
    assert len(MODEL_KEYS) == len(set(MODEL_KEYS)) == len(SPEECH_MODELS) + 1 + 14 * 2
    assert {key.parts[2] for key in MODEL_KEYS if len(key.parts) == 4} == set(CODE_MODELS)
    assert all(parse_key(key.path) == key for key in MODEL_KEYS)
    assert list(MODEL_LANGUAGES) == languages.names()


def test_the_shared_file_names_every_key() -> None:
    registry = read_registry(SHARED)
    assert registry.version(speech_key("acoustic-model")) == EMBEDDED
    text = SHARED.read_text()
    for key in MODEL_KEYS:
        value = EMBEDDED if key == speech_key("acoustic-model") else VERSION
        # Setting it changes exactly one line, so the file has it.
        assert parse_registry(dump_registry(Registry({key: value})), "x").version(key) == value
    assert sum(line.strip().endswith(": null") for line in text.splitlines()) >= 32


@pytest.mark.parametrize("key", MODEL_KEYS, ids=str)
def test_setting_a_version_changes_one_line(key: ModelKey, tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(SHARED.read_text())
    set_version(path, key, VERSION)
    before, after = SHARED.read_text().splitlines(), path.read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert VERSION in changed[0][1]
    assert read_registry(path).version(key) == VERSION
    set_version(path, key, None)
    assert read_registry(path).version(key) is None


SHAPES = {
    "flow": "code-engine: {export: {auto-style: {go: null}}}\n",
    "no language": "code-engine:\n  export:\n    auto-style:\n      go: null # Go\n# end\n",
    "empty group": "code-engine:\n  export:\n    auto-style:\nspeech-engine:\n  g2p: ~\n",
    "empty group, comment": "code-engine:\n  export: # none yet\n",
    "empty flow": "code-engine: {}\n",
    "no group": "# only this\nspeech-engine:\n  g2p: null\n",
    "empty value": "code-engine:\n  export:\n    auto-style:\n      python:\n      go: null\n",
    "quoted": "code-engine:\n  export:\n    auto-style:\n      python: '" + "a" * 40 + "'\n",
}


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_can_be_edited(shape: str, tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(SHAPES[shape])
    set_version(path, PYTHON, VERSION)
    assert read_registry(path).version(PYTHON) == VERSION
    kept = [line.split("#")[1] for line in SHAPES[shape].splitlines() if "#" in line]
    assert all(comment in path.read_text() for comment in kept)


@given(st.dictionaries(st.sampled_from(MODEL_KEYS), VERSIONS))
def test_dump_and_parse_are_inverse(versions: dict[ModelKey, str]) -> None:
    registry = parse_registry(dump_registry(Registry(versions, "https://example.org")), "x")
    assert {key: value for key, value in registry.versions.items() if value} == versions
    assert registry.url == "https://example.org"


def test_a_version_of_digits_stays_text() -> None:
    for version in ("1" * 40, "1" * 20 + "e" + "1" * 19):
        text = dump_registry(Registry({PYTHON: version}))
        assert f"'{version}'" in text
        assert parse_registry(text, "x").version(PYTHON) == version


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code-engine:\n  export:\n    auto-style:\n      pyton: null\n", "did you mean 'python'"),
        ("speech:\n  g2p: null\n", "did you mean 'speech-engine'"),
        ("speech-engine:\n  g2p: latest\n", "40 hexadecimal digits"),
        ("speech-engine:\n  g2p: embedded\n", "40 hexadecimal digits"),
        ("speech-engine:\n  g2p: [a]\n", "is a list"),
        ("speech-engine:\n  g2p: null\n  g2p: null\n", "stands twice"),
        ("speech-engine: nothing\n", "lacks a further part"),
        ("speech-engine:\n  g2p:\n    en: null\n", "nothing stands below"),
        ("url: ftp://example.org\n", "starts with one of"),
        ("url: [\n", "not YAML"),
        ("- a\n", "not a mapping"),
        ("", "not a mapping"),
        ("? [a]\n: b\n", "a key is not a word"),
    ],
)
def test_wrong_files_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_registry(path)
    assert caught.value.where == str(path)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError):
        set_version(path, PYTHON, VERSION)
    assert path.read_bytes() == before


def test_all_errors_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"line 2: .*line 3: "):
        parse_registry("speech-engine:\n  g2q: null\n  export: new\n", "x")


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError):
        read_registry(tmp_path / "models.yaml")
    (tmp_path / "models.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        read_registry(tmp_path / "models.yaml")


def test_no_version_is_no_value(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(SHARED.read_text())
    with pytest.raises(ConfigurationError):
        set_version(path, PYTHON, "latest")
    assert path.read_text() == SHARED.read_text()


def test_the_library_has_its_own_record(library: Library) -> None:
    assert library_registry(library).version(PYTHON) is None
    record_installed(library, PYTHON, VERSION)
    record_installed(library, speech_key("g2p"), "a" * 40)
    registry = library_registry(library)
    assert registry.version(PYTHON) == VERSION
    assert registry.version(speech_key("g2p")) == "a" * 40
    assert registry.version(speech_key("acoustic-model")) is None
