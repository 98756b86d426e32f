#!/usr/bin/env python3
"""Fetches and installs the models that config/models.yaml names: [--url URL]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from launch import maestro

maestro("models", "download", *sys.argv[1:])
