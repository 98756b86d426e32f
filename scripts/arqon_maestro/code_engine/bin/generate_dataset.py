#!/usr/bin/env python3
"""Code engine: --model=M --language=L [--test-mode]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from launch import maestro

maestro("code-engine", "generate-dataset", *sys.argv[1:])
