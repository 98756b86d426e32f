"""Reads spoken numbers: "nineteen o five" is 1905.

Also the test of the command grammar's number rules: a rule's words are a number if they all are
read here.
"""

from __future__ import annotations

from collections.abc import Sequence

from arqon_maestro.corpusgen.spoken.numbers import DIGITS, GROUPS, TEENS, TENS

_DIGIT_VALUES = {word: value for value, word in enumerate(DIGITS)} | {"o": 0}
_TEEN_VALUES = {word: value for value, word in enumerate(TEENS, start=10)}
_TENS_VALUES = {word: value * 10 for value, word in enumerate(TENS, start=2)}
_MULTIPLIERS = {name: 10**zeros for zeros, name in GROUPS.items()}

NUMBER_WORDS = frozenset(
    {*_DIGIT_VALUES, *_TEEN_VALUES, *_TENS_VALUES, *_MULTIPLIERS, "hundred", "a", "and"}
)


def parse_number(words: Sequence[str]) -> int | None:
    """Returns the number that `words` say, or None unless every word belongs to it.

    Read are digits, teens, tens with or without a digit, `o` for zero (not first), runs of digits,
    `a` or nothing for `one` before a multiplier, `hundred` to `trillion`, stacked multipliers
    ("five hundred thousand"), an optional `and` after a multiplier, and numbers side by side,
    which are glued ("one twenty three" is 123).
    """
    if not words or words[0] in ("o", "and"):
        return None
    reader = _Reader(words)
    value = reader.number()
    return value if value is not None and reader.at == len(words) else None


class _Reader:
    """A recursive-descent reader; every method leaves `at` behind what it has read."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self.at = 0

    def peek(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def number(self) -> int | None:
        """Groups with falling multipliers, then a rest smaller than the last multiplier."""
        total = 0
        limit: int | None = None
        while self.at < len(self.words):
            if limit is not None and self.peek() == "and":
                self.at += 1
            group = self.below_thousand_words()
            if group is None:
                return None
            multiplier = 1
            while self.peek() in _MULTIPLIERS:
                following = _MULTIPLIERS[self.peek()]
                if multiplier > following:
                    break  # "a million thousand": the thousand is a group of its own
                multiplier *= following
                self.at += 1
            group *= multiplier
            if limit is not None and group >= limit:
                return None
            total += group
            if multiplier == 1:
                return total
            limit = multiplier
        return total

    def below_thousand_words(self) -> int | None:
        """What stands before a multiplier, or last: "five hundred and two", "one twenty three"."""
        if self.peek() in _MULTIPLIERS:
            return 1
        if self.peek() == "a":
            self.at += 1
            if self.peek() in _MULTIPLIERS:
                return 1
            if self.peek() != "hundred":
                return None
            count: int | None = 1
        elif self.peek() == "hundred":
            count = 1
        else:
            count = self.glued()
        if count is None or self.peek() != "hundred":
            return count
        self.at += 1
        value = count * 100
        mark = self.at
        if self.peek() == "and":
            self.at += 1
        rest = self.glued()
        if rest is None:
            self.at = mark
            return value
        return value + rest if rest < 100 else None

    def glued(self) -> int | None:
        """Digits, teens and tens side by side, joined by their decimal digits."""
        text = ""
        while (part := self.small()) is not None:
            text += part
        return int(text) if text else None

    def small(self) -> str | None:
        word = self.peek()
        if word in _DIGIT_VALUES:
            self.at += 1
            return str(_DIGIT_VALUES[word])
        if word in _TEEN_VALUES:
            self.at += 1
            return str(_TEEN_VALUES[word])
        if word in _TENS_VALUES:
            self.at += 1
            digit = _DIGIT_VALUES.get(self.peek(), 0)
            if digit:
                self.at += 1
            return str(_TENS_VALUES[word] + digit)
        if word.isascii() and word.isdigit():
            self.at += 1
            return word
        return None
