"""How symbols and enclosures are said in a language (corpusgen.md, sections 3.6, 3.7, 3.10)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

from arqon_maestro import languages
from arqon_maestro.languages import Language

Phrase = tuple[str, ...]
"""Words of one name."""

# Code has a few thousand different runs; the bound is for what is no code.
_CACHED_RUNS = 20_000
_ONLY_SYMBOLS = re.compile(r"[!-/:-@\[-`{-~]+")


class _EnclosureData(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    open: str = Field(min_length=1)
    close: str = Field(min_length=1)
    names: tuple[str, ...] = Field(min_length=1)
    lines: bool


class _GeneratorData(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    added: dict[str, tuple[str, ...]]
    replaced: dict[str, tuple[str, ...]]
    unnamed: dict[str, tuple[str, ...]]
    prioritised: dict[str, tuple[str, ...]]


class _SymbolData(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    symbols: dict[str, tuple[str, ...]]
    generator: _GeneratorData
    enclosures: tuple[_EnclosureData, ...]
    styles: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A pair of brackets or quotes around something.

    Attributes:
        opener: the opening symbols.
        closer: the closing symbols.
        names: what it is called.
        lines: whether it may close on a later line.
    """

    opener: str
    closer: str
    names: tuple[Phrase, ...]
    lines: bool


@lru_cache(maxsize=1)
def _data() -> _SymbolData:
    text = resources.files("arqon_maestro.corpusgen.spoken").joinpath("symbols.json").read_text()
    return _SymbolData.model_validate(json.loads(text))


def symbol_names(language: Language) -> dict[str, tuple[str, ...]]:
    """Returns the language's whole table: what each symbol and symbol-like keyword is called."""
    table = dict(_data().symbols)
    for symbol, names in language.spoken_symbols.items():
        if names:
            table[symbol] = names
        else:
            table.pop(symbol, None)
    return table


@lru_cache(maxsize=1)
def style_names() -> dict[str, tuple[Phrase, ...]]:
    """Returns what each style of identifiers is called."""
    return {style: _phrases(names) for style, names in _data().styles.items()}


def _phrases(names: Iterable[str]) -> tuple[Phrase, ...]:
    return tuple(tuple(name.split()) for name in names)


class SpokenSymbols:
    """What the generator says for runs of symbols in one language."""

    def __init__(self, language: Language) -> None:
        data = _data()
        table = {
            symbol: names
            for symbol, names in symbol_names(language).items()
            if _ONLY_SYMBOLS.fullmatch(symbol)
        }
        generator = data.generator
        for symbol, names in generator.added.items():
            if symbol in language.spoken_symbols:
                continue
            known = table.get(symbol, ())
            table[symbol] = known + tuple(name for name in names if name not in known)
        table |= generator.replaced
        for symbol, names in generator.unnamed.items():
            table.setdefault(symbol, names)
        self.names: Mapping[str, tuple[Phrase, ...]] = {
            symbol: _phrases(names) for symbol, names in table.items()
        }
        self.prioritised: Mapping[str, tuple[Phrase, ...]] = {
            symbol: _phrases(names)
            for symbol, names in {**generator.prioritised, **language.prioritised}.items()
            if set(names) <= set(table.get(symbol, ()))
        }
        self.longest = max(map(len, self.names))
        self.openers = frozenset(entry.open[0] for entry in data.enclosures)
        self._enclosures = tuple(
            Enclosure(entry.open, entry.close, _phrases(entry.names), entry.lines)
            for entry in data.enclosures
        )
        self._symbols_of_run: dict[str, tuple[str, ...]] = {}
        self._enclosures_of_run: dict[str, tuple[Enclosure, ...]] = {}

    def starting(self, run: str) -> tuple[str, ...]:
        """Returns the symbols with a name that `run` starts with, shortest first.

        `run` holds ASCII punctuation, of which each character has a name, so there is one at
        least. Only its first `longest` characters matter.
        """
        found = self._symbols_of_run.get(run)
        if found is None:
            if len(self._symbols_of_run) >= _CACHED_RUNS:
                self._symbols_of_run.clear()
            prefixes = (run[:length] for length in range(1, len(run) + 1))
            found = tuple(prefix for prefix in prefixes if prefix in self.names)
            self._symbols_of_run[run] = found
        return found

    def opening(self, run: str) -> tuple[Enclosure, ...]:
        """Returns the enclosures whose opener `run` starts with."""
        found = self._enclosures_of_run.get(run)
        if found is None:
            if len(self._enclosures_of_run) >= _CACHED_RUNS:
                self._enclosures_of_run.clear()
            found = tuple(entry for entry in self._enclosures if run.startswith(entry.opener))
            self._enclosures_of_run[run] = found
        return found


@cache
def spoken_symbols(language_name: str) -> SpokenSymbols:
    """Returns what the generator says for symbols in the language of that name."""
    return SpokenSymbols(languages.get(language_name))
