"""`maestro doctor`: what is installed, what is missing, what to type."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from arqon_maestro.errors import EXIT_FAILED, EXIT_MISSING, MissingPartError
from arqon_maestro.library import Library, library_root, source_root

SCHEMA_VERSION = 1

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Looks at every part: Python, wheels, models, library root, disk, optional programs.

    Exit status 3 if a needed part is missing, 1 if an installed model is damaged. What can only
    not be done without it ("absent") is no failure: before the first training no model is there.
    """
    from arqon_maestro.runtime.diagnosis import Status, diagnose

    try:
        checkout = source_root()
    except MissingPartError:
        checkout = None
    checks = diagnose(Library(library_root()), checkout)
    statuses = {check.status for check in checks}
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "schema_version": SCHEMA_VERSION,
                    "sound": not statuses & {Status.MISSING, Status.DAMAGED},
                    "checks": [asdict(check) for check in checks],
                },
                indent=1,
            )
        )
    else:
        width = max(len(check.part) for check in checks)
        for check in checks:
            typer.echo(f"{check.status:8} {check.part:{width}}  {check.found}")
            if check.remedy:
                typer.echo(f"{'':8}   try: {check.remedy}")
    if Status.MISSING in statuses:
        return EXIT_MISSING
    return EXIT_FAILED if Status.DAMAGED in statuses else 0
