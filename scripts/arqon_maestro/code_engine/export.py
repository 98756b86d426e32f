#!/usr/bin/env python3
"""Code engine: [--model=M --language=L]; default: every trained model."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from launch import maestro

maestro("code-engine", "export", *sys.argv[1:])
