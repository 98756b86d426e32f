"""The compiled form of CorpusGen: the same bytes, and only as long as the source is the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from arqon_maestro import compiled

CHECKOUT = Path(__file__).parents[1]
DIGESTS = CHECKOUT / "tests" / "corpusgen" / "test_determinism.py"


def test_every_module_is_there() -> None:
    assert all((compiled.SOURCE / name).is_file() for name in compiled.MODULES)


def test_nothing_is_used_where_nothing_is(tmp_path: Path) -> None:
    assert not compiled.use(tmp_path)
    (tmp_path / compiled.RECORD).write_text("no json")
    assert not compiled.use(tmp_path)


def test_a_form_of_other_source_is_not_used(tmp_path: Path) -> None:
    finders = list(sys.meta_path)
    record = {**compiled.state(), compiled.MODULES[0]: "another digest"}
    (tmp_path / compiled.RECORD).write_text(json.dumps(record))
    assert not compiled.use(tmp_path)
    assert sys.meta_path == finders


def test_an_up_to_date_form_is_used_until_it_is_set_aside(tmp_path: Path) -> None:
    finders = list(sys.meta_path)
    (tmp_path / compiled.RECORD).write_text(json.dumps(compiled.state()))
    assert compiled.use(tmp_path)
    assert len(sys.meta_path) == len(finders) + 1
    compiled.set_aside()
    assert sys.meta_path == finders


@pytest.mark.slow
def test_it_makes_the_same_bytes(tmp_path: Path) -> None:
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        pytest.skip("no C compiler")
    for name in ("src", "scripts", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=ignored)
    script = tmp_path / "scripts" / "compile_corpusgen.py"
    subprocess.run([sys.executable, script], cwd=tmp_path, check=True, timeout=900)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'src')!r});"
        "import json, runpy, arqon_maestro.corpusgen as c;"
        "from arqon_maestro.corpusgen import inserts;"
        f"made = runpy.run_path({str(tmp_path / DIGESTS.relative_to(CHECKOUT))!r});"
        "print(json.dumps([c.COMPILED, inserts.__file__, made['digests']()]))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    ).stdout
    used, file, digests = json.loads(printed)
    assert used
    assert file.endswith(".so")
    assert digests == json.loads((DIGESTS.parent / "golden_digests.json").read_text())
