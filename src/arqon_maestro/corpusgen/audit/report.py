"""The audit of many files: made by a crew of processes, added up, told as JSON or as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from arqon_maestro.corpusgen.audit.files import audit_source
from arqon_maestro.corpusgen.audit.records import Example, Failure, FileAudit
from arqon_maestro.corpusgen.sources import Source, read_source
from arqon_maestro.errors import DataError
from arqon_maestro.executors.crew import map_items
from arqon_maestro.languages import Language
from arqon_maestro.progress import SILENT, Reporter

SCHEMA_VERSION = 1
# Every target is put back and the file parsed again, which takes far longer than to make it.
FILE_LIMIT_S = 300.0
_EXAMPLES = 3
_FAILURES_TOLD = 500


@dataclass(slots=True)
class Audit:
    """What the audit of a language's files found.

    Attributes:
        language: their language.
        seed: what the choices were seeded with.
        tried: files that were read. taken: that the filter takes. clean: taken ones without a
            syntax error.
        characters: in the files taken. read_characters: in all of them.
        error_share: share of all characters in syntax errors; None without a grammar.
        inserts, adds: mappings. partial: add mappings that were cut short.
        checks: how often each check was made. failed: how often it failed.
        failures: the first of them.
        units: units of the sources, by what became of them.
        kinds, containers: add mappings by kind and by container.
        examples: up to three add mappings of each kind, from different files.
        rejects: what was dropped, by reason.
    """

    language: Language
    seed: int = 0
    tried: int = 0
    taken: int = 0
    clean: int = 0
    characters: int = 0
    read_characters: int = 0
    error_characters: float = 0.0
    inserts: int = 0
    adds: int = 0
    partial: int = 0
    checks: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    units: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    containers: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)
    rejects: Counter[str] = field(default_factory=Counter)

    def add(self, file: FileAudit) -> None:
        """Adds what was found in one more file."""
        self.tried += 1
        self.read_characters += file.characters
        self.error_characters += (file.error_share or 0.0) * file.characters
        self.rejects += file.rejects
        if not file.taken:
            return
        self.taken += 1
        self.clean += not file.error_share
        self.characters += file.characters
        self.inserts += file.inserts
        self.adds += file.adds
        self.partial += file.partial
        for mine, theirs in (
            (self.checks, file.checks),
            (self.failed, file.failed),
            (self.units, file.units),
            (self.kinds, file.kinds),
            (self.containers, file.containers),
        ):
            mine.update(theirs)
        self.failures += file.failures[: max(0, _FAILURES_TOLD - len(self.failures))]
        for kind, example in file.examples.items():
            known = self.examples.setdefault(kind, [])
            if len(known) < _EXAMPLES:
                known.append(example)

    def record(self) -> dict[str, Any]:
        """Returns what is printed as JSON."""
        kilobytes = max(self.characters, 1) / 1000
        has_tree = self.language.grammar is not None
        share = self.error_characters / max(self.read_characters, 1)
        return {
            "schema_version": SCHEMA_VERSION,
            "language": self.language.name,
            "seed": self.seed,
            "files": {
                "tried": self.tried,
                "taken": self.taken,
                "without_syntax_errors": self.clean if has_tree else None,
                "characters": self.characters,
                "characters_tried": self.read_characters,
                "error_share": round(share, 5) if has_tree else None,
            },
            "mappings": {
                "insert": self.inserts,
                "add": self.adds,
                "add_cut_short": self.partial,
                "insert_per_kb": round(self.inserts / kilobytes, 2),
                "add_per_kb": round(self.adds / kilobytes, 2),
            },
            "checks": {
                name: {"made": made, "failed": self.failed[name]}
                for name, made in sorted(self.checks.items())
            },
            "units": _sorted(self.units),
            "kinds": _sorted(self.kinds),
            "containers": _sorted(self.containers),
            "rejects": _sorted(self.rejects),
            "examples": {
                kind: [asdict(example) for example in examples]
                for kind, examples in sorted(self.examples.items())
            },
            "failures": [asdict(failure) for failure in self.failures],
        }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _audit(language: Language, seed: int, source: Source) -> FileAudit:
    try:
        text = read_source(source.path)
    except DataError as error:
        return FileAudit(source.name, rejects=Counter([error.what]))
    return audit_source(text, source.name, language, seed)


def audit_files(
    language: Language,
    sources: Sequence[Source],
    seed: int = 0,
    *,
    workers: int = 1,
    limit_s: float = FILE_LIMIT_S,
    rejects: Counter[str] | None = None,
    reporter: Reporter = SILENT,
) -> Audit:
    """Audits files; the same for any number of workers.

    Args:
        language: the files' language.
        sources: the files.
        seed: the same seed gives the same mappings.
        workers: number of processes.
        limit_s: seconds that one file may take.
        rejects: what was dropped already.
        reporter: progress.

    Raises:
        DataError: there are no sources.
        MissingPartError: the language's grammar is not installed.
    """
    if not sources:
        raise DataError(
            f"no {language.title} source file",
            remedy=f"give a folder with files that end in {', '.join(language.extensions)}",
        )
    audit = Audit(language, seed, rejects=Counter(rejects or ()))
    work: Callable[[Source], FileAudit] = partial(_audit, language, seed)
    with reporter.task(f"audit {language.name}", len(sources), "files") as task:
        for outcome in map_items(work, sources, workers, limit_s):
            if outcome.result is None:
                audit.tried += 1
                audit.rejects[outcome.reason] += 1
            else:
                audit.add(outcome.result)
            task.advance()
    return audit
