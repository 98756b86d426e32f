from __future__ import annotations

import gzip
import hashlib
import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from arqon_maestro.errors import IntegrityError, MaestroError, MissingPartError, UsageError
from arqon_maestro.repositories.providers import git, open_source, pypi, standard_library
from arqon_maestro.repositories.providers.local_folder import read_folder
from arqon_maestro.repositories.records import Package
from arqon_maestro.repositories.sources import parse_source

from .archive_makers import deb_bytes, tar_bytes, zip_bytes


def paths(package: Package) -> list[str]:
    return sorted(m.path for m in package.members(lambda _: True, lambda _: None))


def install_client(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


def registry_source(registry: str, archive: str, data: bytes, name: str = "thing") -> object:
    return parse_source(
        {
            "registry": registry,
            "name": name,
            "version": "1.0",
            "licence": "MIT",
            "archive": archive,
            "sha256": hashlib.sha256(data).hexdigest(),
            "languages": ["python"],
        },
        "test",
    )


# --- standard library and folders ----------------------------------------------------------------


def test_modules_of_the_standard_library(tmp_path: Path) -> None:
    for name in (
        *("json/__init__.py", "json/decoder.py", "json/tests/test_json.py", "decimal.py"),
        *("_pydecimal.py", "test/test_json.py", "site-packages/x/__init__.py", "nothing/a.py"),
        *("_sysconfigdata_linux.py", "__pycache__/a.py", "idlelib/idle_test/t.py"),
        *("idlelib/__init__.py", "__future__.py"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    found = {p.repository: paths(p) for p in standard_library.packages(tmp_path, "3.11.7")}
    assert found == {
        "python-3.11/decimal": ["_pydecimal.py", "decimal.py"],
        "python-3.11/future": ["__future__.py"],
        "python-3.11/idlelib": ["idlelib/__init__.py"],
        "python-3.11/json": ["json/__init__.py", "json/decoder.py"],
    }


def test_the_running_python_has_its_modules() -> None:
    names = [package.repository.split("/")[1] for package in standard_library.packages()]
    assert {"json", "asyncio", "argparse"} <= set(names)
    assert len(set(names)) == len(names) > 100


def test_a_python_without_sources(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(MissingPartError, match="repositories add"):
            list(standard_library.packages(folder, "3.11.7"))


def test_a_folder_without_links_hidden_folders_and_unreadables(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("secret = 1\n")
    root = tmp_path / "root"
    for name in ("b.py", "a/x.py", ".git/config.py", "__pycache__/x.py", ".hidden.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x = 1\n")
    (root / "link.py").symlink_to(outside)
    (root / "loop").symlink_to(root)
    rejects: list[str] = []
    found = [m.path for m in read_folder(root, lambda p: p.endswith(".py"), rejects.append)]
    assert found == [".hidden.py", "b.py", "a/x.py"]
    assert rejects == ["link-or-device"]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, error in (("none", MissingPartError), ("file", UsageError)):
        values = {"registry": "local-folder", "name": "x", "path": str(tmp_path / name)}
        source = parse_source({**values, "licence": "MIT", "languages": ["go"]}, "test")
        with pytest.raises(error):
            list(open_source(source, tmp_path))


# --- registries ----------------------------------------------------------------------------------


def test_npm(tmp_path: Path, clients: Path) -> None:
    data = gzip.compress(tar_bytes({"package/index.js": b"1", "package/LICENSE": b"MIT"}))
    (tmp_path / "served.tgz").write_bytes(data)
    install_client(
        clients,
        "npm",
        f'[ "$1 $2 $3" = "pack @a/thing@1.0 --ignore-scripts" ] || exit 9\n'
        f'cp "{tmp_path}/served.tgz" a-thing-1.0.tgz',
    )
    source = registry_source("npm", "a-thing-1.0.tgz", data, "@a/thing")
    downloads = tmp_path / "downloads"
    (package,) = open_source(source, downloads)
    assert (package.repository, package.sha256) == ("npm/@a/thing", source.sha256)
    assert package.provenance == "pkg:npm/%40a/thing@1.0"
    assert paths(package) == ["LICENSE", "index.js"]
    install_client(clients, "npm", "exit 1")
    assert len(list(open_source(source, downloads, offline=True))) == 1


def test_a_registry_that_gives_something_else(tmp_path: Path, clients: Path) -> None:
    install_client(clients, "npm", "echo other > thing-1.0.tgz")
    with pytest.raises(IntegrityError, match="not the archive that was pinned"):
        list(open_source(registry_source("npm", "thing-1.0.tgz", b"real"), tmp_path / "d"))
    assert list((tmp_path / "d" / "npm").iterdir()) == []


def test_debian_binary(tmp_path: Path, clients: Path) -> None:
    data = deb_bytes({"usr/share/thing/a.py": b"1", "usr/share/doc/thing/copyright": b"MIT"})
    (tmp_path / "served.deb").write_bytes(data)
    install_client(
        clients,
        "apt-get",
        f'[ "$1 $2" = "download thing=1.0" ] && cp "{tmp_path}/served.deb" thing_1.0_all.deb',
    )
    (package,) = open_source(registry_source("debian-binary", "thing_1.0_all.deb", data), tmp_path)
    assert package.repository == "debian/thing"
    assert paths(package) == ["usr/share/doc/thing/copyright", "usr/share/thing/a.py"]


def test_debian_source_makes_its_own_index_once(tmp_path: Path, clients: Path) -> None:
    data = gzip.compress(tar_bytes({"thing-1.0/a.py": b"1", "thing-1.0/LICENSE": b"MIT"}))
    (tmp_path / "served").write_bytes(data)
    downloads = tmp_path / "downloads"
    install_client(
        clients,
        "apt-get",
        f"""echo "$@" >> "{tmp_path}/calls"
case "$*" in
*indextargets*) echo "deb-src mirror/debian stable main" ;;
*update*) touch "{downloads}/apt-source-index/lists/stable_main_source_Sources.lz4" ;;
*source*) cp "{tmp_path}/served" thing_1.0.orig.tar.gz ;;
esac""",
    )
    source = registry_source("debian-source", "thing_1.0.orig.tar.gz", data)
    (package,) = open_source(source, downloads)
    assert paths(package) == ["LICENSE", "a.py"]
    entries = (downloads / "apt-source-index" / "sources.list").read_text()
    assert entries == "deb-src mirror/debian stable main\n"
    (downloads / "debian-source" / source.archive).unlink()
    list(open_source(source, downloads))
    calls = (tmp_path / "calls").read_text()
    assert calls.count(" update") == 1
    assert "sourceparts=/dev/null" in calls


def test_debian_source_elsewhere(tmp_path: Path, clients: Path) -> None:
    install_client(clients, "apt-get", "exit 0")
    source = registry_source("debian-source", "thing_1.0.orig.tar.gz", b"x")
    with pytest.raises(MissingPartError, match="no Debian archive"):
        list(open_source(source, tmp_path))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A package index on this machine, and the folder that it serves."""
    folder = tmp_path / "index"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_source_archive_of_pypi_by_file(
    tmp_path: Path, index: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = index
    data = gzip.compress(tar_bytes({"some_thing-1.0/setup.py": b"raise SystemExit\n"}))
    (folder / "some-thing").mkdir()
    (folder / "some-thing" / "index.html").write_text(
        '<a href="../files/some_thing-1.0.tar.gz#sha256=00">some_thing-1.0.tar.gz</a>'
    )
    (folder / "files").mkdir()
    (folder / "files" / "some_thing-1.0.tar.gz").write_bytes(data)
    monkeypatch.setenv("PIP_INDEX_URL", address)
    source = registry_source("pypi", "some_thing-1.0.tar.gz", data, "Some_Thing")
    (package,) = open_source(source, tmp_path / "d")
    assert paths(package) == ["setup.py"]
    assert package.provenance == "pkg:pypi/some-thing@1.0"
    missing = registry_source("pypi", "some_thing-2.0.tar.gz", data, "Some_Thing")
    with pytest.raises(MissingPartError, match="the index has no file"):
        list(open_source(missing, tmp_path / "d"))


def test_the_json_form_of_an_index() -> None:
    text = '{"files": [{"filename": "a-1.tar.gz", "url": "../a-1.tar.gz", "hashes": {}}]}'
    assert pypi._json_links(text) == {"a-1.tar.gz": "../a-1.tar.gz"}
    assert pypi._json_links("{") == {}


def test_an_archive_of_an_address(tmp_path: Path) -> None:
    data = zip_bytes({"thing-main/a.py": b"1", "thing-main/LICENSE": b"MIT"})
    (tmp_path / "thing.zip").write_bytes(data)
    values = {
        "registry": "archive",
        "name": "thing",
        "version": "1",
        "licence": "MIT",
        "archive": "thing.zip",
        "sha256": hashlib.sha256(data).hexdigest(),
        "url": (tmp_path / "thing.zip").as_uri(),
        "languages": ["python"],
        "split": "test",
    }
    (package,) = open_source(parse_source(values, "test"), tmp_path / "d")
    assert paths(package) == ["LICENSE", "a.py"]
    assert package.split == "test"


# --- git -----------------------------------------------------------------------------------------


def run_git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_git_repository_at_a_commit(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    run_git(origin, "init", "--quiet")
    commits = []
    for number in (1, 2):
        (origin / f"{number}.py").write_text(f"x = {number}\n")
        run_git(origin, "add", ".")
        run_git(origin, "commit", "--quiet", "-m", f"Add {number}")
        commits.append(run_git(origin, "rev-parse", "HEAD"))
    assert git.head_commit(str(origin)) == commits[1]
    for commit, expected in zip(commits, (["1.py"], ["1.py", "2.py"]), strict=True):
        values = {"registry": "git", "name": "me/origin", "url": str(origin), "commit": commit}
        source = parse_source({**values, "licence": "MIT", "languages": ["python"]}, "test")
        (package,) = open_source(source, tmp_path / "d")
        assert paths(package) == expected
        assert package.version == commit
        assert len(list(open_source(source, tmp_path / "d", offline=True))) == 1
    other = tmp_path / "d" / "git" / f"me-origin-{commits[0]}.tar"
    other.write_bytes((tmp_path / "d" / "git" / f"me-origin-{commits[1]}.tar").read_bytes())
    with pytest.raises(IntegrityError, match="pinned commit"):
        git.archive_of_commit(str(origin), commits[0], other)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("url", ["/none", "ext::sh -c touch% PWNED", "--upload-pack=touch PWNED"])
def test_a_git_address_that_is_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(MaestroError):
        git.archive_of_commit(url, "0" * 40, tmp_path / "x.tar")
    assert not list(tmp_path.rglob("PWNED"))
    assert not (tmp_path / "x.tar").exists()
