"""Which of the files that passed the filters are kept: duplicates, split, share, limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby

from arqon_maestro.errors import ConfigurationError
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.repositories import duplicates
from arqon_maestro.repositories.prose import FEWEST_SENTENCES
from arqon_maestro.repositories.records import SPLITS, SourceFile, text_digest
from arqon_maestro.repositories.split import FEWEST_REPOSITORIES, SplitShares, assign, position

JOINED_SENTENCES = 100
"""Documents too short to stand alone are joined, in order, up to about this length."""

Reject = Callable[[SourceFile, str], None]


@dataclass(frozen=True)
class SelectionLimits:
    """How much of what was read is kept.

    Attributes:
        shares: shares of valid and test.
        package_share: largest share of a language's bytes that one repository may have.
        package_floor_bytes: a repository up to this size is never cut.
        limit_bytes: bytes of text of a language, at most; None for all.
        near_duplicate_threshold: Jaccard similarity of near duplicates.
    """

    shares: SplitShares = field(default_factory=SplitShares)
    package_share: float = 0.4
    package_floor_bytes: int = 8_000_000
    limit_bytes: int | None = None
    near_duplicate_threshold: float = 0.8

    def __post_init__(self) -> None:
        if not 0 < self.package_share <= 1:
            raise ConfigurationError(
                f"{self.package_share} is no share", where="package_share", remedy="0 < share <= 1"
            )
        if self.limit_bytes is not None and self.limit_bytes <= 0:
            raise ConfigurationError(
                f"{self.limit_bytes} bytes is no limit", where="limit_bytes", remedy="1 or more"
            )


def select(
    files: Iterable[SourceFile],
    limits: SelectionLimits,
    *,
    fixed_splits: Mapping[str, str] | None = None,
    reject: Reject,
    reporter: Reporter = SILENT,
) -> list[SourceFile]:
    """Returns the files to keep, with their split, sorted by split, repository and path.

    The result does not depend on the order of `files`.

    Args:
        files: files of one language, from any number of repositories.
        limits: how much is kept.
        fixed_splits: split by repository, where it was set by hand.
        reject: told about every file that is left out, and why.
        reporter: told about the progress.
    """
    kept = sorted(files, key=lambda file: (file.repository, file.path, file.digest))
    if kept and kept[0].language == "default":
        kept = _drop_repeated_sentences(kept, reject)
    kept = duplicates.drop_exact(kept, lambda file: reject(file, "duplicate"))
    near = duplicates.find_near(
        [file.text for file in kept],
        threshold=limits.near_duplicate_threshold,
        reporter=reporter,
    )
    kept = _with_splits(kept, limits.shares, fixed_splits or {})
    kept = duplicates.drop_across_splits(
        kept, near, lambda file: reject(file, "near-duplicate-across-splits")
    )
    kept = _cap_repositories(kept, limits, reject)
    kept = _cap_language(kept, limits, reject)
    order = {split: rank for rank, split in enumerate(SPLITS)}
    return sorted(kept, key=lambda file: (order[file.split], file.repository, file.path))


def size_bytes(file: SourceFile) -> int:
    """Returns the bytes of a file's text in UTF-8."""
    return len(file.text) if file.text.isascii() else len(file.text.encode())


def _drop_repeated_sentences(files: list[SourceFile], reject: Reject) -> list[SourceFile]:
    """Keeps each sentence once, and joins what is too short for a document of its own."""
    # Boilerplate is copied from file to file; said once is enough, and never on both sides.
    seen: set[str] = set()
    kept: list[SourceFile] = []
    short: list[tuple[SourceFile, list[str]]] = []
    for file in files:
        fresh = [line for line in dict.fromkeys(file.text.splitlines()) if line not in seen]
        seen.update(fresh)
        if len(fresh) >= FEWEST_SENTENCES:
            kept.append(_document(file, fresh))
        elif fresh:
            short.append((file, fresh))
        else:
            reject(file, "duplicate")
    for _, members in groupby(short, key=lambda entry: entry[0].repository):
        pending: list[tuple[SourceFile, list[str]]] = []
        for entry in members:
            pending.append(entry)
            if sum(len(lines) for _, lines in pending) >= JOINED_SENTENCES:
                kept.append(_joined(pending))
                pending = []
        if sum(len(lines) for _, lines in pending) >= FEWEST_SENTENCES:
            kept.append(_joined(pending))
        else:
            for file, _ in pending:
                reject(file, "little-prose")
    return sorted(kept, key=lambda file: (file.repository, file.path))


def _document(file: SourceFile, lines: list[str], path: str = "") -> SourceFile:
    text = "\n".join(lines) + "\n"
    return replace(file, text=text, digest=text_digest(text), path=path or file.path)


def _joined(entries: list[tuple[SourceFile, list[str]]]) -> SourceFile:
    """Returns one document of several short ones, named after the first."""
    first, _ = entries[0]
    lines = [line for _, lines in entries for line in lines]
    return _document(first, lines, path=f"{first.path}+{len(entries) - 1}.txt")


def _with_splits(
    files: list[SourceFile], shares: SplitShares, fixed: Mapping[str, str]
) -> list[SourceFile]:
    repositories = {file.repository for file in files}
    if len(repositories) >= FEWEST_REPOSITORIES:
        splits = assign(repositories, shares, fixed)
        return [replace(file, split=splits[file.repository]) for file in files]
    names = [f"{file.repository}\0{file.path}" for file in files]
    by_file = assign(names, shares)
    return [
        replace(file, split=fixed.get(file.repository) or by_file[name])
        for file, name in zip(files, names, strict=True)
    ]


def _cap_repositories(
    files: list[SourceFile], limits: SelectionLimits, reject: Reject
) -> list[SourceFile]:
    sizes: Counter[str] = Counter()
    for file in files:
        sizes[file.repository] += size_bytes(file)
    ceiling = _ceiling(sorted(sizes.values()), limits.package_share)
    ceiling = max(ceiling, limits.package_floor_bytes)
    by_repository: dict[str, list[SourceFile]] = {}
    for file in files:
        by_repository.setdefault(file.repository, []).append(file)
    kept = []
    for repository, members in sorted(by_repository.items()):
        if sizes[repository] <= ceiling:
            kept += members
        else:
            kept += _sample(members, ceiling, lambda file: reject(file, "over-package-share"))
    return kept


def _ceiling(sizes: list[int], share: float) -> int:
    """Returns the largest c with c = share * sum(min(size, c)): the water level of the cap."""
    total = sum(sizes)
    below = total
    for cut, size in enumerate(reversed(sizes)):
        # With the `cut` largest cut to c: c = share * (cut * c + below).
        if cut * share >= 1:
            return sizes[len(sizes) - cut]
        ceiling = share * below / (1 - cut * share)
        if size <= ceiling:
            return int(ceiling)
        below -= size
    return total


def _cap_language(
    files: list[SourceFile], limits: SelectionLimits, reject: Reject
) -> list[SourceFile]:
    if limits.limit_bytes is None:
        return files
    total = sum(map(size_bytes, files))
    if total <= limits.limit_bytes:
        return files
    kept = []
    for split in SPLITS:
        side = [file for file in files if file.split == split]
        budget = limits.limit_bytes * sum(map(size_bytes, side)) // total
        kept += _sample(side, budget, lambda file: reject(file, "over-limit"))
    return kept


def _sample(
    files: list[SourceFile], budget_bytes: int, reject: Callable[[SourceFile], None]
) -> list[SourceFile]:
    """Returns files in the order of their names' hashes until the budget is spent, one at least."""
    kept: list[SourceFile] = []
    spent = 0
    for file in sorted(files, key=lambda file: position(f"{file.repository}\0{file.path}")):
        size = size_bytes(file)
        if kept and spent + size > budget_bytes:
            reject(file)
        else:
            kept.append(file)
            spent += size
    return kept
