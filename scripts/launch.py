"""Runs `maestro` with the checkout's own Python, for the commands of the training guide."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

CHECKOUT = Path(__file__).resolve().parents[1]
EXIT_MISSING = 3


def maestro(*arguments: str) -> NoReturn:
    """Replaces this process by ``maestro`` with `arguments`."""
    os.environ.setdefault("ARQON_MAESTRO_SOURCE_ROOT", str(CHECKOUT))
    program = CHECKOUT / ".venv" / "bin" / "maestro"
    if not program.exists():
        print(f"error: {program} is missing\n  try: make setup", file=sys.stderr)
        sys.exit(EXIT_MISSING)
    os.execv(program, ["maestro", *arguments])
