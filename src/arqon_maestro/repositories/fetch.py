"""From the source list to a language's shards: provider, filter, duplicates, split, shards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from arqon_maestro import languages
from arqon_maestro.artifacts import TEMPORARY_MARK, replace, write_json
from arqon_maestro.errors import MissingPartError, WorkFailedError
from arqon_maestro.library import Library
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.repositories.filters import FilterLimits
from arqon_maestro.repositories.manifest import MANIFEST_NAME, FetchReport, make_report
from arqon_maestro.repositories.providers import open_source
from arqon_maestro.repositories.reading import Reading, read_package
from arqon_maestro.repositories.records import SourceFile
from arqon_maestro.repositories.selection import SelectionLimits, select
from arqon_maestro.repositories.shards import write_shards
from arqon_maestro.repositories.sources import Source


@dataclass(frozen=True)
class FetchSettings:
    """Settings of a fetch.

    Attributes:
        filters: limits of the file filter.
        selection: duplicates, split, shares.
        offline: use only what is on this machine already.
        skip_unavailable: go on without a source that can't be had, and say so in the manifest.
    """

    filters: FilterLimits = field(default_factory=FilterLimits)
    selection: SelectionLimits = field(default_factory=SelectionLimits)
    offline: bool = False
    skip_unavailable: bool = False


def fetch_language(
    language: str,
    sources: Sequence[Source],
    library: Library,
    settings: FetchSettings | None = None,
    *,
    folder: Path | None = None,
    reporter: Reporter = SILENT,
) -> FetchReport:
    """Fetches a language's raw source code and writes its shards and manifest.

    The result depends on the sources and settings alone: not on their order, nor on what was
    downloaded before. The language's folder appears whole or not at all.

    Args:
        language: name of the language.
        sources: where from; those of other languages are passed over.
        library: downloads are kept there, and the shards written.
        settings: default settings if None.
        folder: where the shards go; by default the language's folder in the library.
        reporter: told about the progress.

    Returns:
        What was read, kept and left out, as in the manifest.

    Raises:
        UsageError: unknown language.
        MissingPartError: there are no sources, or one can't be had (no network, no client).
        IntegrityError: an archive is not the one that was pinned.
        WorkFailedError: not one file was left.
    """
    settings = settings or FetchSettings()
    languages.get(language)
    chosen = sorted(
        (source for source in sources if language in source.languages),
        key=lambda source: (source.registry, source.name),
    )
    if not chosen:
        raise MissingPartError(
            f"no sources for {language}",
            where="config/sources.yaml",
            remedy=f"maestro repositories add PATH --language {language} --licence MIT",
        )
    readings: list[Reading] = []
    fixed: dict[str, str] = {}
    unavailable: dict[str, str] = {}
    with reporter.task(f"{language}: sources", total=len(chosen), unit="sources") as task:
        for source in chosen:
            try:
                for package in open_source(source, library.downloads, offline=settings.offline):
                    readings.append(read_package(package, language, settings.filters))
                    if package.split:
                        fixed[package.repository] = package.split
            except MissingPartError as error:
                if not settings.skip_unavailable:
                    raise
                unavailable[f"{source.registry}/{source.name}"] = error.why or error.what
            task.advance(note=source.name)
    folder = folder or library.repositories(language)
    return _write(language, readings, fixed, unavailable, folder, settings, reporter)


def _write(
    language: str,
    readings: list[Reading],
    fixed: dict[str, str],
    unavailable: dict[str, str],
    folder: Path,
    settings: FetchSettings,
    reporter: Reporter,
) -> FetchReport:
    dropped: list[tuple[SourceFile, str]] = []
    kept = select(
        (file for reading in readings for file in reading.files),
        settings.selection,
        fixed_splits=fixed,
        reject=lambda file, reason: dropped.append((file, reason)),
        reporter=reporter,
    )
    if not kept:
        report = make_report(language, readings, kept, dropped, (), unavailable)
        raise WorkFailedError(
            f"no {language} file is left",
            why=_why_nothing(report),
            remedy="other sources, see docs/how-to/add-source-code.md",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}{TEMPORARY_MARK}", dir=folder.parent))
    try:
        parts = write_shards(kept, temporary)
        report = make_report(language, readings, kept, dropped, parts, unavailable)
        write_json(temporary / MANIFEST_NAME, report.as_dict())
        temporary.chmod(0o755)
        replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return report


def _why_nothing(report: FetchReport) -> str:
    reasons = [f"{package.repository}: {package.refused}" for package in report.packages]
    reasons = [reason for reason in reasons if not reason.endswith(": ")][:3]
    reasons += [f"{count} {reason}" for reason, count in report.rejects.items()]
    return "; ".join(reasons) or "the sources hold none"
