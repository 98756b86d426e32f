"""Source files for tests."""

from __future__ import annotations

from arqon_maestro.repositories.records import SourceFile, text_digest


def source_file(
    text: str,
    path: str = "a.py",
    repository: str = "r",
    *,
    split: str = "train",
    language: str = "python",
) -> SourceFile:
    """A record with a right digest."""
    return SourceFile(
        text=text,
        path=path,
        repository=repository,
        version="1",
        licence="MIT",
        digest=text_digest(text),
        language=language,
        split=split,
        provenance="pkg:generic/r@1",
    )
