"""From the recogniser's words to a transcript: fillers stripped, spelled letters joined."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from arqon_maestro.speech_engine.lexicon.pronunciations import is_spelled, unspelled

#: Said while thinking; no transcript has them.
FILLERS = frozenset({"um", "uh"})


def transcript_of(words: Iterable[str]) -> str:
    """Returns the transcript that the runtime sees.

    Fillers are left out. Adjacent words that are marked ``(spell)`` or one letter long are joined:
    ``import n(spell) p(spell)`` becomes ``import np``.
    """
    spoken = (word for word in words if word not in FILLERS)
    pieces: list[str] = []
    for joins, run in groupby(spoken, key=_joins):
        words = [unspelled(word) for word in run]
        pieces += ["".join(words)] if joins else words
    return " ".join(pieces)


def _joins(word: str) -> bool:
    return is_spelled(word) or (len(word) == 1 and word.isalpha())
