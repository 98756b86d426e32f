"""Settings of all tests."""

from __future__ import annotations

import os

from hypothesis import settings

from arqon_maestro import compiled

# Tests look into the source, and put things in its places.
compiled.set_aside()

# Continuous integration tries the same examples each time; at home they are new ones.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("home", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "home")
