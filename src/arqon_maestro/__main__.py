"""``python -m arqon_maestro``: the `maestro` program where a module's name is wanted (torchrun)."""

from arqon_maestro.cli.main import main

main()
