#!/usr/bin/env python3
"""Compiles CorpusGen's hot modules into ``build/compiled``; see `arqon_maestro.compiled`.

Needs a C compiler. Without this step everything works the same, only slower.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from arqon_maestro import compiled

_LIMIT_S = 900
_MISSING = 3


def main() -> int:
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        print(f"error: no C compiler ({compiler}); CorpusGen runs uncompiled", file=sys.stderr)
        return _MISSING
    state = compiled.state()
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary, "src")
        ignored = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(compiled.SOURCE, source / compiled.PACKAGE, ignore=ignored)
        modules = [f"{compiled.PACKAGE}/{name}" for name in compiled.MODULES]
        command = [sys.executable, "-m", "mypyc", "--strict", "--ignore-missing-imports", *modules]
        print(f"compiling {len(modules)} modules, about a minute", file=sys.stderr)
        made = subprocess.run(
            command,
            cwd=source,
            env={**os.environ, "MYPYPATH": "."},
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        if made.returncode:
            print(made.stdout + made.stderr, file=sys.stderr)
            print("error: the modules do not compile", file=sys.stderr)
            return 1
        folder = Path(temporary, "compiled")
        for library in sorted(source.rglob("*.so")):
            if "build" in library.relative_to(source).parts:
                continue
            target = folder / library.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(library, target)
        (folder / compiled.RECORD).write_text(json.dumps(state, indent=1), encoding="utf-8")
        shutil.rmtree(compiled.FOLDER, ignore_errors=True)
        compiled.FOLDER.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, compiled.FOLDER)
    print("compiled into build/compiled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
