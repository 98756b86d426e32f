"""The same seed gives the same bytes, whatever the process, its locale or its hash seed.

Run as a script, it writes the digests of the output anew, after a change that is meant to change
what is said.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import xxhash

from arqon_maestro.corpusgen.modes import mapping_lines, text_lines
from arqon_maestro.library import CODE_MODELS

GOLDEN = Path(__file__).with_name("golden_digests.json")
SEEDS = Path(__file__).parents[1] / "fuzz" / "seeds"


def digests() -> dict[str, str]:
    """Returns a digest of all that each language's seed source gives."""
    found = {}
    for path in sorted(SEEDS.iterdir()):
        # Repeated, so that the filter takes the short ones too.
        source, language = path.read_text(encoding="utf-8") * 3, path.stem
        hashed = xxhash.xxh3_64()
        results: list[object] = [text_lines(source, "a/b", language, 1).lines]
        for model in CODE_MODELS:
            result = mapping_lines(source, "a/b", language, model, 1)
            results += [result.lines, sorted(result.rejects.items())]
        for result in results:
            hashed.update(repr(result).encode())
        found[language] = hashed.hexdigest()
    return found


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1", "LC_ALL": "C", "PYTHONUTF8": "0"},
        {"PYTHONHASHSEED": "4294967295", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"},
    ],
)
def test_output_depends_on_nothing_but_the_seed(environment: dict[str, str]) -> None:
    process = subprocess.run(
        [sys.executable, __file__, "--print"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert json.loads(process.stdout) == json.loads(GOLDEN.read_text(encoding="utf-8"))


if __name__ == "__main__":
    printed = json.dumps(digests(), indent=1) + "\n"
    if sys.argv[1:] == ["--print"]:
        print(printed)
    else:
        GOLDEN.write_text(printed, encoding="utf-8")
