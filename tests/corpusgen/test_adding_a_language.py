"""The page on adding a language, followed: its files are enough."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import arqon_maestro

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-language.md"
_FILE = re.compile(r'^```\w+ title="(?P<path>[^"]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^```\nmaestro (?P<words>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Returns a folder with the package and the page's files in it."""
    package = Path(arqon_maestro.__file__).parent
    shutil.copytree(
        package, tmp_path / "src" / "arqon_maestro", ignore=shutil.ignore_patterns("__pycache__")
    )
    files = list(_FILE.finditer(PAGE.read_text("utf-8")))
    assert len(files) == 2
    for file in files:
        path = tmp_path / file["path"]
        assert not path.exists()
        path.write_text(file["text"], "utf-8")
    return tmp_path


def run(checkout: Path, *arguments: str, code: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    start = code or "from arqon_maestro.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", start, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=checkout,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_is_enough(checkout: Path) -> None:
    command = _COMMAND.search(PAGE.read_text("utf-8"))
    assert command is not None
    words = re.findall(r'"([^"]*)"|(\S+)', command["words"].replace("\\\n", " "))
    explained = run(checkout, *(quoted or plain for quoted, plain in words))
    assert explained.startswith("probability")

    source = "def build(name):\n    return [name, 1]\n\nfor x in y:\n    f(x)\n"
    code = (
        "import sys\n"
        "from arqon_maestro import languages\n"
        "from arqon_maestro.corpusgen import generate_mappings\n"
        "assert languages.of_path('a/BUILD').name == 'starlark'\n"
        "for seed in range(40):\n"
        "    for mapping in generate_mappings(sys.argv[1], 'starlark', seed):\n"
        "        print(mapping.container, ' '.join(mapping.words))\n"
    )
    said = run(checkout, source, code=code)
    assert "StatementList function build" in said
    assert "ArgumentList argument x" in said
    assert "List_ element one" in said
    assert "None " in said  # inserts
