"""The Python of ``docs/how-to/translate.md`` runs as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from arqon_maestro.library import CODE_MODELS, Library
from arqon_maestro.models.keys import code_key

from .conftest import Trained

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "translate.md"


def test_the_page_s_python(
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path))
    for model in CODE_MODELS:
        language = "default" if model == "transcript-parser" else "python"
        # Any model of words will do to run it.
        shutil.copytree(trained.folder, code_key(model, language).folder(Library(tmp_path)))
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, str(PAGE), "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    assert any("<count>" in line and "two" in line for line in printed)
    assert sum("<main>" in line for line in printed) >= 3
    assert printed[-1].startswith("[-")
    assert str(names["line"]).endswith("I SNIP_StatementList method fill")
