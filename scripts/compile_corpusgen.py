#!/usr/bin/env python3
"""Compiles CorpusGen's hot modules into ``build/compiled``; see `arqon_maestro.compiled`.

    .venv/bin/python scripts/compile_corpusgen.py [--if-possible]

Needs a C compiler and Python's header files. Without this step everything works the same, only
slower, so with ``--if-possible`` (as in `make setup`) what is missing is said, and is no failure.
Nothing is done where the compiled form is up to date.
"""

from __future__ import annotations

import argparse
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


def _missing() -> str | None:
    """Returns what compiling lacks on this machine."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"no C compiler ({compiler})"
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.is_file():
        return f"no {header}, Python's header file (Debian: python3-dev)"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--if-possible", action="store_true", help="no failure without a compiler")
    optional = parser.parse_args().if_possible
    if compiled.up_to_date():
        if not optional:
            print("build/compiled is up to date", file=sys.stderr)
        return 0
    missing = _missing()
    if missing is not None:
        level = "note" if optional else "error"
        print(f"{level}: {missing}; CorpusGen runs uncompiled, and slower", file=sys.stderr)
        return 0 if optional else _MISSING
    state = compiled.state()
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary, "src")
        ignored = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(compiled.SOURCE, source / compiled.PACKAGE, ignore=ignored)
        modules = [f"{compiled.PACKAGE}/{name}" for name in compiled.MODULES]
        command = [sys.executable, "-m", "mypyc", "--strict", "--ignore-missing-imports", *modules]
        print(f"compiling {len(modules)} modules of CorpusGen, half a minute", file=sys.stderr)
        made = subprocess.run(
            command,
            cwd=source,
            env={**os.environ, "MYPYPATH": ".", "MYPYC_DEBUG_LEVEL": "0"},
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        if made.returncode:
            print(made.stdout + made.stderr, file=sys.stderr)
            level = "warning" if optional else "error"
            remedy = "CorpusGen runs uncompiled, and slower; again: make compile"
            print(f"{level}: the modules do not compile; {remedy}", file=sys.stderr)
            return 0 if optional else 1
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
