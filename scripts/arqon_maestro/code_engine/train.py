#!/usr/bin/env python3
"""Code engine: --model=M --language=L --gpus=N [--test-mode]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from launch import maestro

maestro("code-engine", "train", *sys.argv[1:])
