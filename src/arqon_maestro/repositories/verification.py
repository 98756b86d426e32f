"""Checks a language's shards against their manifest and against themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.artifacts import sha256_file
from arqon_maestro.errors import DataError
from arqon_maestro.repositories import licences
from arqon_maestro.repositories.manifest import FetchReport, read_report
from arqon_maestro.repositories.records import SPLITS, SourceFile, text_digest
from arqon_maestro.repositories.shards import read_shard
from arqon_maestro.repositories.split import FEWEST_REPOSITORIES


@dataclass(frozen=True)
class Problem:
    """Something wrong: where, and what."""

    where: str
    what: str


def verify_language(folder: Path) -> list[Problem]:
    """Checks every part and record of a language's folder.

    Checked are each part's SHA-256 and rows, each record's digest, language, split and licence,
    that no content occurs twice, and that no repository is on two sides of the split.

    Args:
        folder: the language's folder in the library.

    Returns:
        The problems; none if all is well.

    Raises:
        MissingPartError: nothing was fetched there.
        DataError: the manifest is damaged.
    """
    report = read_report(folder)
    return [*_part_problems(folder, report), *_record_problems(folder, report)]


def _part_problems(folder: Path, report: FetchReport) -> Iterator[Problem]:
    listed = {part.name for part in report.parts}
    for path in sorted(folder.glob("part-*.parquet")):
        if path.name not in listed:
            yield Problem(path.name, "is not in the manifest")
    for part in report.parts:
        path = folder / part.name
        if not path.is_file():
            yield Problem(part.name, "is missing")
        elif sha256_file(path) != part.sha256:
            yield Problem(part.name, "has another SHA-256 than the manifest says")


def _record_problems(folder: Path, report: FetchReport) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    sides: dict[str, set[str]] = {}
    for part in report.parts:
        path = folder / part.name
        if not path.is_file():
            continue
        rows = 0
        try:
            for file in read_shard(path):
                rows += 1
                where = f"{part.name}: {file.repository}/{file.path}"
                for what in _file_problems(file, report.language):
                    yield Problem(where, what)
                if file.digest in seen:
                    yield Problem(where, f"has the content of {seen[file.digest]}")
                seen.setdefault(file.digest, where)
                sides.setdefault(file.repository, set()).add(file.split)
        except DataError as error:
            yield Problem(part.name, error.why or error.what)
            continue
        if rows != part.rows:
            yield Problem(part.name, f"has {rows} rows, not {part.rows}")
    if len(sides) >= FEWEST_REPOSITORIES:
        for repository, splits in sorted(sides.items()):
            if len(splits) > 1:
                yield Problem(repository, f"is on two sides of the split: {sorted(splits)}")


def _file_problems(file: SourceFile, language: str) -> Iterator[str]:
    if text_digest(file.text) != file.digest:
        yield "does not have the content of its digest"
    if file.language != language:
        yield f"is {file.language}, not {language}"
    if file.split not in SPLITS:
        yield f"has the unknown split {file.split!r}"
    try:
        why = licences.refusal(file.licence)
    except DataError as error:
        why = error.what
    if why:
        yield why
