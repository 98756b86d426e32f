"""The coins of a mapping, flipped late: those that nobody looks at do not double the search."""

from __future__ import annotations

from arqon_maestro.corpusgen.choices import Choices


class LateSampler:
    """The coins of a mapping (`generation.Coins`), each flipped when it is first looked at.

    Args:
        choices: flip them.
        chances: the coins' names and probabilities.
    """

    def __init__(self, choices: Choices, chances: dict[str, float]) -> None:
        self._choices = choices
        self._chances = chances
        self._flipped: dict[str, bool] = {}

    def __getattr__(self, name: str) -> bool:
        flipped = self._flipped.get(name)
        if flipped is None:
            flipped = self._flipped[name] = self._choices.flip(self._chances[name])
        return flipped
