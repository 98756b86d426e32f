"""The commands of `maestro`: one module a group."""

import typer.core

# Help is plain text everywhere: in a narrow window rich's tables cut the names of options, and its
# escapes of brackets show where a page is plain.
typer.core.HAS_RICH = False
