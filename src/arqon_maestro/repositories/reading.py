"""From a package to its source files: language, filters, licence; every reject counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from arqon_maestro import languages
from arqon_maestro.repositories import licences, prose
from arqon_maestro.repositories.evidence import (
    FileLicences,
    debian_licences,
    is_evidence,
    read_evidence,
)
from arqon_maestro.repositories.filters import (
    FilterLimits,
    bytes_reason,
    decode,
    path_reason,
    text_reason,
)
from arqon_maestro.repositories.licences import Verdict
from arqon_maestro.repositories.records import Member, Package, SourceFile, text_digest

PROSE_SUFFIX = ".txt"
"""Added to the path of prose that was read out of a file, which is no longer that kind of file."""

LONGEST_SHEBANG_BYTES = 256


@dataclass(frozen=True)
class Reading:
    """What was read from one package for one language.

    Attributes:
        package: the package.
        verdict: on its licence; when refused there are no files.
        files: sorted by path; their split is still empty.
        rejects: how many files were left out, by reason.
    """

    package: Package
    verdict: Verdict
    files: tuple[SourceFile, ...] = ()
    rejects: Counter[str] = field(default_factory=Counter)


def read_package(package: Package, language: str, limits: FilterLimits) -> Reading:
    """Reads the files of one language from a package.

    For the language `default` the sentences of its documents, docstrings and comments are read.

    Raises:
        DataError: the package is damaged or not what it says it is.
    """
    rejects: Counter[str] = Counter()
    evidence: list[tuple[str, str]] = []
    file_licences = FileLicences()
    candidates: list[tuple[str, str]] = []

    def reject(reason: str) -> None:
        rejects[reason] += 1

    def wanted(path: str) -> bool:
        return is_evidence(path) or may_be(path, language)

    for member in package.members(wanted, reject):
        if is_evidence(member.path):
            evidence += read_evidence(member.path, member.data)
            if member.path.endswith("/copyright"):
                file_licences = debian_licences(member.data.decode("utf-8", "replace"))
        if not may_be(member.path, language) or not is_of(member, language):
            continue
        text, reason = read_text(member, language, limits)
        if reason:
            rejects[reason] += 1
        else:
            candidates.append((member.path, text))

    verdict = licences.verify(package.licence, evidence, required=package.evidence_required)
    if not verdict.accepted:
        if candidates:
            rejects["licence"] += len(candidates)
        return Reading(package, verdict, rejects=rejects)
    files = []
    for path, text in sorted(candidates):
        if not file_licences.allows(path):
            rejects["licence-of-file"] += 1
            continue
        files.append(_source_file(package, language, path, text))
    return Reading(package, verdict, tuple(files), rejects)


def may_be(path: str, language: str) -> bool:
    """Returns whether a path can hold the language, before its first line is known."""
    if language == "default":
        return prose.is_prose_source(path)
    found = languages.of_path(path)
    if found is not None:
        return found.name == language
    name = PurePosixPath(path).name
    return "." not in name and not name.isupper() and bool(languages.get(language).interpreters)


def is_of(member: Member, language: str) -> bool:
    """Returns whether a file is of the language, by its path and first line."""
    if language == "default":
        return True
    first_line = member.data[:LONGEST_SHEBANG_BYTES].split(b"\n", 1)[0].decode("latin-1")
    found = languages.of_path(member.path, first_line)
    return found is not None and found.name == language


def read_text(
    member: Member, language: str, limits: FilterLimits, *, any_licence: bool = False
) -> tuple[str, str]:
    """Returns a file's text and an empty reason, or an empty text and why it is left out.

    Args:
        member: the file.
        language: what it is read as; for `default` the text is its sentences, one a line.
        limits: of the file filter.
        any_licence: whether the licence that its head names does not matter.
    """
    is_prose = language == "default"
    reason = path_reason(member.path) or bytes_reason(member.data, limits)
    if reason:
        return "", reason
    text = decode(member.data)
    if text is None:
        return "", "not-utf8"
    reason = text_reason(text, limits, prose=is_prose and prose.is_document(member.path))
    if reason:
        return "", reason
    if not any_licence and licences.header_refused(text):
        return "", "licence-header"
    if is_prose:
        found = prose.sentences(member.path, text)
        return ("\n".join(found) + "\n", "") if found else ("", "no-prose")
    return text, ""


def _source_file(package: Package, language: str, path: str, text: str) -> SourceFile:
    return SourceFile(
        text=text,
        path=path + PROSE_SUFFIX if language == "default" else path,
        repository=package.repository,
        version=package.version,
        licence=package.licence,
        digest=text_digest(text),
        language=language,
        split="",
        provenance=package.provenance,
    )
