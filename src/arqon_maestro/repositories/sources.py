"""The list of raw sources: ``config/sources.yaml``, and the library's own ``sources.yaml``.

Every archive is pinned by name, version and SHA-256, every git repository by its commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from arqon_maestro import languages
from arqon_maestro.artifacts import atomic_text
from arqon_maestro.errors import (
    ConfigurationError,
    DataError,
    MissingPartError,
    UsageError,
    did_you_mean,
)
from arqon_maestro.library import Library
from arqon_maestro.repositories import licences

SCHEMA_VERSION = 1

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
PlainName = Annotated[str, Field(pattern=r"^@?[A-Za-z0-9][A-Za-z0-9._+~/-]*$", max_length=200)]
Version = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+~:_-]*$", max_length=100)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+~%@-]*$", max_length=255)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Source(_Record):
    languages: tuple[str, ...] = Field(min_length=1)
    """The languages that it is read for."""
    licence: str
    """SPDX expression; confirmed by the package's own files."""
    split: Literal["train", "valid", "test"] | None = None
    """Set by hand where one package is most of a language and has to be trained on."""

    @field_validator("languages")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = languages.names()
        for name in value:
            if name not in known:
                raise ValueError(f"unknown language {name!r}; {did_you_mean(name, known)}")
        return value

    @field_validator("licence")
    @classmethod
    def _allowed(cls, value: str) -> str:
        try:
            why = licences.refusal(value)
        except DataError as error:
            raise ValueError(error.what) from None
        if why:
            raise ValueError(why)
        return value


class StandardLibrary(_Source):
    """The running Python's standard library: no download."""

    registry: Literal["standard-library"]
    name: PlainName = "standard-library"
    licence: str = "PSF-2.0"


class _Archive(_Source):
    name: PlainName
    version: Version
    archive: FileName
    """File name of the archive, as the registry gives it."""
    sha256: Sha256


class RegistryPackage(_Archive):
    """A package of a registry, fetched by that registry's ordinary client."""

    registry: Literal["pypi", "npm", "debian-source", "debian-binary"]


class ArchiveUrl(_Archive):
    """An archive at an address (``https:``, ``http:``, ``file:``) or a path."""

    registry: Literal["archive"]
    url: str = Field(min_length=1)


class GitRepository(_Source):
    """A git repository at one commit."""

    registry: Literal["git"]
    name: PlainName
    url: str = Field(min_length=1)
    commit: Commit

    @property
    def version(self) -> str:
        return self.commit


class LocalFolder(_Source):
    """A folder on this machine."""

    registry: Literal["local-folder"]
    name: PlainName
    path: Path
    version: Version = "local"


Source = Annotated[
    StandardLibrary | RegistryPackage | ArchiveUrl | GitRepository | LocalFolder,
    Field(discriminator="registry"),
]


class SourceList(_Record):
    """The content of a source list."""

    schema_version: Literal[1] = 1
    sources: tuple[Source, ...] = ()

    def of(
        self, language: str, *, names: Sequence[str] = (), embedded_only: bool = False
    ) -> tuple[Source, ...]:
        """Returns the sources of a language.

        Args:
            language: one of the languages.
            names: only these (``numpy``, ``npm/express``, ``npm``); all if empty.
            embedded_only: only those that need no network.

        Raises:
            UsageError: unknown language, or a name that no source of the language has.
        """
        languages.get(language)
        found = tuple(source for source in self.sources if language in source.languages)
        if embedded_only:
            found = tuple(s for s in found if s.registry in ("standard-library", "local-folder"))
        if not names:
            return found
        known = {label for source in found for label in _labels(source)}
        for name in names:
            if name not in known:
                raise UsageError(
                    f"no source {name!r} for {language}",
                    where="--source",
                    remedy=did_you_mean(name, known) if known else "maestro repositories add",
                )
        return tuple(s for s in found if not _labels(s).isdisjoint(names))


def own_sources(library: Library) -> Path:
    """Returns the library's own source list, for what ``maestro repositories add`` added."""
    return library.root / "repositories" / "sources.yaml"


def load_sources(*paths: Path) -> SourceList:
    """Reads source lists and joins them; a later file's source replaces one of the same name.

    Raises:
        MissingPartError: no such file.
        ConfigurationError: not YAML, or not a source list; all errors at once.
    """
    joined: dict[tuple[str, str], Source] = {}
    for path in paths:
        for source in _load(path).sources:
            joined[source.registry, source.name] = source
    return SourceList(sources=tuple(joined.values()))


def save_sources(path: Path, sources: Iterable[Source]) -> None:
    """Writes a source list, atomically."""
    rows = [source.model_dump(mode="json", exclude_none=True) for source in sources]
    with atomic_text(path) as stream:
        yaml.safe_dump({"schema_version": SCHEMA_VERSION, "sources": rows}, stream, sort_keys=False)


def parse_source(values: dict[str, Any], where: object) -> Source:
    """Makes one source of plain values.

    Raises:
        ConfigurationError: a value is missing or wrong.
    """
    try:
        source: Source = TypeAdapter(Source).validate_python(values)
    except ValidationError as error:
        raise _configuration_error(error, where) from None
    return source


def _load(path: Path) -> SourceList:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        why = re.sub(r"\s+", " ", str(error))
        raise ConfigurationError("not a YAML file", where=path, why=why) from None
    try:
        return SourceList.model_validate(data)
    except ValidationError as error:
        raise _configuration_error(error, path) from None


def _configuration_error(error: ValidationError, where: object) -> ConfigurationError:
    lines = []
    for problem in error.errors(include_url=False):
        key = ".".join(str(part) for part in problem["loc"]) or "the file"
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = f"unknown key; {did_you_mean(str(problem['loc'][-1]), _known_keys())}"
        elif problem["type"] != "value_error" and isinstance(problem["input"], str | int | float):
            message += f", not {problem['input']!r}"
        lines.append(f"{key}: {message}")
    return ConfigurationError(
        "not a source that can be used:\n  " + "\n  ".join(lines), where=where
    )


def _known_keys() -> set[str]:
    kinds: tuple[type[BaseModel], ...] = (
        SourceList,
        StandardLibrary,
        RegistryPackage,
        ArchiveUrl,
        GitRepository,
        LocalFolder,
    )
    return {key for kind in kinds for key in kind.model_fields}


def _labels(source: Source) -> set[str]:
    return {source.name, source.registry, f"{source.registry}/{source.name}"}
