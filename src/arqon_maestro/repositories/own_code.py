"""A person's own code: read whatever its licence, and split so that some of it is held out.

What a model learns from its owner's files stays with the owner, so no licence is asked for. The
file filter is the one of all other sources. The split is by file, near duplicates together, in the
order of the files' hashes, and by bytes: a small repository with one long file gets sides of about
the right size too.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from arqon_maestro import languages
from arqon_maestro.errors import MissingPartError, UsageError
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.repositories import prose
from arqon_maestro.repositories.duplicates import drop_exact, find_near
from arqon_maestro.repositories.filters import FilterLimits
from arqon_maestro.repositories.providers.local_folder import read_folder
from arqon_maestro.repositories.reading import PROSE_SUFFIX, is_of, may_be, read_text
from arqon_maestro.repositories.records import SPLITS, Member, SourceFile, text_digest
from arqon_maestro.repositories.selection import size_bytes
from arqon_maestro.repositories.split import SplitShares, position

LICENCE = "LicenseRef-own-code"
"""An SPDX reference: the owner's, whatever it is."""

PROSE = "default"
SPLIT_SALT = "own code"
FULL_ENOUGH, TOO_FULL = 0.75, 1.5
"""A held-out side takes files until it has the first of its share of bytes, never beyond the
second."""

Reject = Callable[[str], None]


@dataclass(frozen=True)
class OwnCode:
    """What was read of a person's own code.

    Attributes:
        files: the files to use, with their splits, sorted by split, repository and path.
        rejects: how many others there were, by reason.
    """

    files: tuple[SourceFile, ...]
    rejects: Counter[str]

    def bytes_of(self, split: str) -> int:
        """Returns the bytes of text of one split."""
        return sum(size_bytes(file) for file in self.files if file.split == split)


def read_own_code(
    paths: Sequence[Path],
    spoken: Sequence[str],
    shares: SplitShares,
    limits: FilterLimits | None = None,
    reporter: Reporter = SILENT,
) -> OwnCode:
    """Reads and splits a person's own files.

    Args:
        paths: folders, and files. From folders the files of the languages are taken; a file that
            is named itself is taken even where its name tells no language, if one is wanted only.
        spoken: names of the languages wanted. For `default` among others only documents are
            read; for `default` alone, comments and docstrings too.
        shares: shares of valid and test, in bytes.
        limits: of the file filter.
        reporter: told about the progress.

    Raises:
        UsageError: no path is given.
        MissingPartError: a path does not exist.
    """
    if not paths:
        raise UsageError("no source code is named", where="--source", remedy="--source FOLDER")
    limits = limits or FilterLimits()
    rejects: Counter[str] = Counter()

    def reject(reason: str) -> None:
        rejects[reason] += 1

    found: list[SourceFile] = []
    for path in paths:
        for language in spoken:
            found += _read(path, language, list(spoken), limits, reject)
    kept = drop_exact(
        sorted(found, key=lambda file: (file.repository, file.path, file.digest)),
        lambda _: reject("duplicate"),
    )
    return OwnCode(tuple(_split(kept, shares, reporter)), rejects)


def _read(
    path: Path, language: str, spoken: list[str], limits: FilterLimits, reject: Reject
) -> Iterator[SourceFile]:
    only = len(spoken) == 1
    named = False
    if path.is_dir():
        members: Iterable[Member] = read_folder(path, lambda p: may_be(p, language), reject)
    elif path.is_file():
        named = only and languages.of_path(path.name) is None
        wanted = named or may_be(path.name, language)
        members = [Member(path.name, path.read_bytes())] if wanted else []
    else:
        raise MissingPartError("no such file or folder", where=path)
    # `..` and `.` have no name of their own.
    name = Path(os.path.abspath(path if path.is_dir() else path.parent)).name or "code"  # noqa: PTH100
    for member in members:
        if not named and not is_of(member, language):
            continue
        # A file may be read once only, or its prose could lie on another side than its code.
        if language == PROSE and not only and not prose.is_document(member.path):
            continue
        text, reason = read_text(member, language, limits, any_licence=True)
        if reason:
            reject(reason)
            continue
        yield SourceFile(
            text=text,
            path=member.path + PROSE_SUFFIX if language == PROSE else member.path,
            repository=name,
            version="local",
            licence=LICENCE,
            digest=text_digest(text),
            language=language,
            split="",
            provenance=f"pkg:generic/{name}@local",
        )


def _split(files: list[SourceFile], shares: SplitShares, reporter: Reporter) -> list[SourceFile]:
    """Returns the files with their splits, sorted by split, repository and path."""
    near = find_near([file.text for file in files], reporter=reporter)
    members: dict[int, list[SourceFile]] = {}
    for file, first in zip(files, near.group, strict=True):
        members.setdefault(first, []).append(file)
    groups = sorted(
        members.values(),
        key=lambda group: position(f"{group[0].repository}\0{group[0].path}", SPLIT_SALT),
    )
    total = sum(map(size_bytes, files))
    chosen: list[tuple[str, list[SourceFile]]] = []
    for split, share in (("test", shares.test), ("valid", shares.valid)):
        for group in _take(groups, share * total):
            groups.remove(group)
            chosen.append((split, group))
    chosen += [("train", group) for group in groups]
    order = {split: rank for rank, split in enumerate(SPLITS)}
    placed = [replace(file, split=split) for split, group in chosen for file in group]
    return sorted(placed, key=lambda file: (order[file.split], file.repository, file.path))


def _take(groups: list[list[SourceFile]], budget: float) -> list[list[SourceFile]]:
    """Returns the groups of a held-out side: in their order, as many as fit, one at least."""
    taken: list[list[SourceFile]] = []
    spent = 0
    for group in groups:
        size = sum(map(size_bytes, group))
        if spent < FULL_ENOUGH * budget and spent + size <= TOO_FULL * budget:
            taken.append(group)
            spent += size
    if not taken and groups and budget:
        taken.append(min(groups, key=lambda group: sum(map(size_bytes, group))))
    return taken
