#!/usr/bin/env python3
"""Speech engine: generate-dataset or train-model [--test-mode]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from launch import maestro

maestro("speech-engine", *sys.argv[1:])
