from __future__ import annotations

import json
from pathlib import Path

import pytest

from arqon_maestro.artifacts import digest
from arqon_maestro.errors import DataError, MissingPartError, UsageError, WorkFailedError
from arqon_maestro.library import Library
from arqon_maestro.repositories import fetch as fetch_module
from arqon_maestro.repositories.fetch import FetchSettings, fetch_language
from arqon_maestro.repositories.manifest import read_report
from arqon_maestro.repositories.shards import list_shards, read_shards, write_shards
from arqon_maestro.repositories.sources import Source, parse_source
from arqon_maestro.repositories.verification import verify_language


def make_folder(root: Path, name: str, files: dict[str, str | bytes]) -> Source:
    for path, content in files.items():
        target = root / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    values = {"registry": "local-folder", "name": name, "path": str(root / name)}
    return parse_source({**values, "licence": "MIT", "languages": ["python", "bash"]}, "test")


def code(name: str, lines: int = 12) -> str:
    return "".join(f"def {name}_{i}(value):\n    return value + {i}\n" for i in range(lines))


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    folders = [
        make_folder(tmp_path, f"p{n}", {"a.py": code(f"a{n}"), "sub/b.py": code(f"b{n}")})
        for n in range(6)
    ]
    odd = {
        "copy.py": code("a0"),
        "vendor/v.py": code("v"),
        "bad.py": b"\xff\xfe" * 20,
        "nul.py": b"x\0",
        "empty.py": "",
        "tool": "#!/usr/bin/env bash\necho hello\n",
        "script": "#!/usr/bin/env python3\n" + code("script"),
        "README": "no code at all\n",
        "data.json": "{}",
        "huge.py": "x = 1\n" * 200_000,
    }
    return [*folders, make_folder(tmp_path, "z", odd)]


def test_from_folders_to_shards(sources: list[Source], tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    report = fetch_language("python", sources, library)
    folder = library.repositories("python")
    files = list(read_shards(folder))
    assert {file.split for file in files} == {"train", "valid", "test"}
    assert [(f.repository, f.path) for f in files if f.repository == "z"] == [("z", "script")]
    assert report.rejects == {
        "binary": 1,
        "duplicate": 1,
        "empty": 1,
        "not-utf8": 1,
        "too-large": 1,
        "vendored": 1,
    }
    assert report.total.files == len(files) == 13
    assert report.total.bytes == sum(len(file.text) for file in files)
    assert read_report(folder) == report
    assert verify_language(folder) == []
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["schema_version"] == 1
    assert str(tmp_path) not in (folder / "manifest.json").read_text()


def test_a_shebang_makes_the_language(sources: list[Source], tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    report = fetch_language("bash", sources, library)
    assert [file.path for file in read_shards(library.repositories("bash"))] == ["tool"]
    assert report.total.files == 1


def test_the_same_sources_in_any_order_give_the_same_bytes(
    sources: list[Source], tmp_path: Path
) -> None:
    first, second = Library(tmp_path / "one"), Library(tmp_path / "two")
    fetch_language("python", sources, first)
    fetch_language("python", sources[::-1], second)
    assert digest(first.root) == digest(second.root)


def test_prose_of_code(tmp_path: Path) -> None:
    text = "".join(
        f"# This is the comment with the number {i} of it.\nx = {i}\n" for i in range(15)
    )
    values = {"registry": "local-folder", "name": "p", "path": str(tmp_path / "p")}
    make_folder(tmp_path, "p", {"a.py": text.replace("x = 3\n", "y = 3\n\n")})
    source = parse_source({**values, "licence": "MIT", "languages": ["default"]}, "test")
    library = Library(tmp_path / "library")
    fetch_language("default", [source], library)
    (file,) = read_shards(library.repositories("default"))
    assert file.path == "a.py.txt"
    assert file.text.splitlines()[3] == "This is the comment with the number 3 of it."


def test_a_refused_licence_is_counted(sources: list[Source], tmp_path: Path) -> None:
    gpl = "GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007"
    refused = make_folder(tmp_path, "gpl", {"COPYING": gpl, "a.py": code("gpl")})
    library = Library(tmp_path / "library")
    report = fetch_language("python", [*sources, refused], library)
    assert report.rejects["licence"] == 1
    (package,) = [p for p in report.packages if p.repository == "gpl"]
    assert package.refused == "COPYING says GPL-3.0-only"
    assert "gpl" not in {file.repository for file in read_shards(library.repositories("python"))}


def test_nothing_left_is_an_error_that_says_why(tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    source = make_folder(tmp_path, "p", {"a.py": b"\xff" * 30})
    with pytest.raises(WorkFailedError, match="1 not-utf8"):
        fetch_language("python", [source], library)
    with pytest.raises(MissingPartError, match="repositories add"):
        fetch_language("rust", [source], library)
    with pytest.raises(UsageError, match="did you mean 'python'"):
        fetch_language("pyton", [source], library)
    assert not library.repositories("python").exists()


def missing_archive() -> Source:
    values = {"registry": "npm", "name": "x", "version": "1", "licence": "MIT"}
    values |= {"archive": "x-1.tgz", "sha256": "0" * 64}
    return parse_source({**values, "languages": ["python"]}, "test")


def test_a_source_that_cannot_be_had(sources: list[Source], tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    both = [*sources, missing_archive()]
    with pytest.raises(MissingPartError, match="offline"):
        fetch_language("python", both, library, FetchSettings(offline=True))
    settings = FetchSettings(offline=True, skip_unavailable=True)
    assert fetch_language("python", both, library, settings).unavailable == {"npm/x": "offline"}


def test_a_killed_fetch_leaves_the_old_shards(
    sources: list[Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path / "library")
    folder = library.repositories("python")
    fetch_language("python", sources, library)
    before = digest(folder)

    def killed(*args: object, **options: object) -> None:
        write_shards(*args, **options)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(fetch_module, "write_shards", killed)
    with pytest.raises(KeyboardInterrupt):
        fetch_language("python", sources[:3], library)
    assert digest(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["python"]


def test_verification_finds_what_is_wrong(sources: list[Source], tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    fetch_language("python", sources, library)
    folder = library.repositories("python")
    (path,) = list_shards(folder)
    files = list(read_shards(folder))
    changed = files[0].__class__(**{**as_dict(files[0]), "text": "other", "split": "test"})
    path.unlink()
    write_shards([changed, *files[1:], files[1]], folder)
    what = [problem.what for problem in verify_language(folder)]
    assert what[0] == "has another SHA-256 than the manifest says"
    assert "does not have the content of its digest" in what
    assert any(w.startswith("has the content of") for w in what)
    assert any("two sides of the split" in w for w in what)
    assert f"has {len(files) + 1} rows, not {len(files)}" in what
    path.unlink()
    assert [p.what for p in verify_language(folder)] == ["is missing"]
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(DataError, match="not a manifest"):
        verify_language(folder)


def as_dict(file: object) -> dict[str, str]:
    return {name: getattr(file, name) for name in file.__class__.__slots__}


@pytest.mark.slow
def test_the_standard_library_in_full(tmp_path: Path) -> None:
    library = Library(tmp_path)
    for language in ("python", "default"):
        values = {"registry": "standard-library", "languages": [language]}
        report = fetch_language(language, [parse_source(values, "test")], library)
        assert report.total.bytes > 1_000_000
        assert all(amount.files > 3 for amount in report.splits.values())
        assert verify_language(library.repositories(language)) == []
