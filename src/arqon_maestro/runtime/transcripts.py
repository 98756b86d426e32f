"""What was heard, in the words that the transcript parser knows (corpusgen.md, section 7.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from arqon_maestro import languages
from arqon_maestro.corpusgen.normalise import normalise as nearest_ascii
from arqon_maestro.corpusgen.spoken.numbers import DIGITS
from arqon_maestro.corpusgen.spoken.symbols import symbol_names
from arqon_maestro.speech_engine.transcripts import FILLERS

MAX_TRANSCRIPTS = 20

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*'?|'[a-z]+")
_PIECES = re.compile(r"[a-z']+|[^a-z'\s]|'")


@dataclass(frozen=True, slots=True)
class Transcript:
    """One reading of an utterance.

    Attributes:
        words: in lower case, letters and apostrophes only.
        acoustic_cost: negated natural logarithm; 0 for typed text.
        language_model_cost: likewise, that of the speech engine.
    """

    words: tuple[str, ...]
    acoustic_cost: float = 0.0
    language_model_cost: float = 0.0

    @property
    def cost(self) -> float:
        """Lower is better."""
        return self.acoustic_cost + self.language_model_cost

    @property
    def text(self) -> str:
        return " ".join(self.words)


@lru_cache(maxsize=1)
def _symbol_words() -> dict[str, tuple[str, ...]]:
    """Single symbols and the first of their names in the default table; a full stop is a dot."""
    table = symbol_names(languages.get("default"))
    words = {symbol: tuple(names[0].split()) for symbol, names in table.items() if len(symbol) == 1}
    return words | {".": ("dot",)}


def normalise(text: str) -> tuple[str, ...]:
    """Returns the words of a transcript.

    In ASCII and lower case; fillers go; a token that is not all letters and apostrophes is split
    around every other character: a digit becomes its word, a symbol the first of its names, and
    what has no name goes.
    """
    words: list[str] = []
    for token in nearest_ascii(text).lower().split():
        if _WORD.fullmatch(token):
            words.append(token)
            continue
        for piece in _PIECES.findall(token):
            if _WORD.fullmatch(piece):
                words.append(piece)
            elif piece.isdigit():
                words.append(DIGITS[int(piece)])
            else:
                words.extend(_symbol_words().get(piece, ()))
    # Last, as splitting can set a filler free: "0um".
    return tuple(word for word in words if word not in FILLERS)


def distinct(transcripts: Iterable[Transcript], limit: int = MAX_TRANSCRIPTS) -> list[Transcript]:
    """Returns the first `limit` transcripts with different words, in order."""
    found: dict[tuple[str, ...], Transcript] = {}
    for transcript in transcripts:
        if len(found) == limit and transcript.words not in found:
            break
        found.setdefault(transcript.words, transcript)
    return list(found.values())


def typed(texts: Sequence[str]) -> list[Transcript]:
    """Returns typed readings, which cost nothing."""
    return distinct(Transcript(normalise(text)) for text in texts)


def heard(readings: Iterable[tuple[str, float, float]]) -> list[Transcript]:
    """Returns a recogniser's readings.

    Args:
        readings: transcript (spelled letters joined), acoustic cost and language-model cost,
            best first.
    """
    return distinct(
        Transcript(normalise(text), acoustic, language_model)
        for text, acoustic, language_model in readings
    )
