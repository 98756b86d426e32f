"""`maestro corpusgen audit`: makes the mappings of real files and checks every one."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from arqon_maestro.progress import StreamReporter

if TYPE_CHECKING:
    from arqon_maestro.corpusgen.audit import Audit

_FAILURES_SHOWN = 20


def audit(
    language: Annotated[str, typer.Option("--language", help="The sources' language.")],
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Files, folders, or - for a list on stdin."),
    ],
    seed: Annotated[int, typer.Option("--seed", help="The same seed, the same mappings.")] = 0,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Number of processes.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Makes all mappings of files, as training would, and checks every one. Exit status 1 if a
    check failed."""
    from arqon_maestro import languages
    from arqon_maestro.corpusgen.audit import audit_files
    from arqon_maestro.corpusgen.sources import find_sources

    known = languages.get(language)
    rejects: Counter[str] = Counter()
    sources = find_sources(paths, known, sys.stdin, rejects)
    found = audit_files(
        known, sources, seed, workers=workers, rejects=rejects, reporter=StreamReporter()
    )
    if as_json:
        typer.echo(json.dumps(found.record(), indent=1))
    else:
        _print(found)
    if found.failed:
        raise typer.Exit(1)


def _print(audit: Audit) -> None:
    record = audit.record()
    for group in ("files", "mappings"):
        for name, value in record[group].items():
            typer.echo(f"{group:<10} {value!s:>10}  {name.replace('_', ' ')}")
    for name, counts in record["checks"].items():
        typer.echo(f"check      {counts['failed']:>10}  of {counts['made']} failed: {name}")
    for group in ("units", "rejects", "kinds", "containers"):
        for name, number in record[group].items():
            typer.echo(f"{group:<10} {number:>10}  {name}")
    for kind, examples in record["examples"].items():
        for example in examples:
            typer.echo(
                f"example    {kind} in {example['container']}:"
                f" {example['words']} -> {example['target']}"
            )
    for failure in audit.failures[:_FAILURES_SHOWN]:
        typer.echo(
            f"failure    {failure.file}:{failure.offset} {failure.check} {failure.kind}"
            f"\n           said    {failure.words}\n           target  {failure.target}"
            f"\n           reason  {failure.reason}"
        )
