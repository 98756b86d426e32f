#!/usr/bin/env python3
"""Speech engine: packs what was trained."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from launch import maestro

maestro("speech-engine", "export", *sys.argv[1:])
