"""How alike words sound: distances of phone strings, and the words of a lexicon that are near one.

A distance is the least sum of costs, in nats, of phones taken for others, swallowed or heard in
addition (Wagner and Fischer 1974, with weights); the costs are ``data/phone_confusions.tsv``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import ConfigurationError
from arqon_maestro.speech_engine.lexicon.pronunciations import PHONES

Phones = tuple[str, ...]

NOTHING = "-"
_TABLE = "phone_confusions.tsv"


@dataclass(frozen=True)
class PhoneCosts:
    """What it costs, in nats, to take one phone for another.

    Attributes:
        pairs: (phone, phone) → cost, both ways; `NOTHING` stands for no phone.
        near: phone → what it may be taken for, with the costs; of `NOTHING`: what may be added.
    """

    pairs: dict[tuple[str, str], float]
    near: dict[str, list[tuple[str, float]]]

    def of(self, said: str, heard: str) -> float:
        """Returns a cost; 0 for the same phone, infinity for what is never confused."""
        return 0.0 if said == heard else self.pairs.get((said, heard), math.inf)


@cache
def phone_costs() -> PhoneCosts:
    """Reads the table of confusions.

    Raises:
        ConfigurationError: a line that is not two phones and a cost, or a phone without a cost of
            its own to be swallowed.
    """
    text = resources.files("arqon_maestro.evaluation").joinpath("data", _TABLE).read_text("utf-8")
    pairs: dict[tuple[str, str], float] = {}
    near: dict[str, list[tuple[str, float]]] = defaultdict(list)
    allowed = PHONES | {NOTHING}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 3 or not allowed.issuperset(fields[:2]) or tuple(fields[:2]) in pairs:
            where = f"{_TABLE}:{number}"
            raise ConfigurationError("not a new pair of phones and its cost", where=where)
        one, other, cost = fields[0], fields[1], float(fields[2])
        for said, heard in ((one, other), (other, one)):
            pairs[said, heard] = cost
            near[said].append((heard, cost))
    missing = sorted(phone for phone in PHONES if (phone, NOTHING) not in pairs)
    if missing:
        raise ConfigurationError(f"no cost of swallowing {', '.join(missing)}", where=_TABLE)
    return PhoneCosts(pairs, dict(near))


class SoundIndex:
    """The words of a lexicon, to be found by how they sound.

    Args:
        entries: (word, phones without stress); a word may have several.
    """

    def __init__(self, entries: Iterable[tuple[str, Phones]]) -> None:
        self._costs = phone_costs()
        self._words_by_phones: dict[Phones, list[str]] = defaultdict(list)
        for word, phones in entries:
            if word not in self._words_by_phones[phones]:
                self._words_by_phones[phones].append(word)
        # Sorted by length, so that strings of like length lie together.
        self._sounds = sorted(self._words_by_phones, key=lambda phones: (len(phones), phones))
        self._lengths = np.array([len(phones) for phones in self._sounds])
        names = [NOTHING, *sorted(PHONES)]
        self._ids = {name: number for number, name in enumerate(names)}
        self._table = np.array(
            [[self._costs.of(said, heard) for heard in names] for said in names], np.float32
        )
        longest = int(self._lengths.max(initial=0))
        self._padded: NDArray[np.int64] = np.zeros((len(self._sounds), longest), np.int64)
        for row, phones in enumerate(self._sounds):
            self._padded[row, : len(phones)] = [self._ids[phone] for phone in phones]

    def exact(self, phones: Phones) -> Sequence[str]:
        """Returns the words that sound just so."""
        return self._words_by_phones.get(phones, ())

    def within(self, phones: Phones, limit: float) -> list[tuple[str, float]]:
        """Returns the words at a distance of at most `limit` nats, with it, the nearest first."""
        cheapest = min(cost for _, cost in self._costs.near[NOTHING])
        reach = int(limit / cheapest)
        low = np.searchsorted(self._lengths, len(phones) - reach, "left")
        high = np.searchsorted(self._lengths, len(phones) + reach, "right")
        distances = self._distances(phones, slice(int(low), int(high)))
        best: dict[str, float] = {}
        for row in np.flatnonzero(distances <= limit).tolist():
            for word in self._words_by_phones[self._sounds[int(low) + row]]:
                best[word] = min(best.get(word, math.inf), float(distances[row]))
        return sorted(best.items(), key=lambda item: (item[1], item[0]))

    def one_apart(self, phones: Phones) -> list[tuple[str, float]]:
        """Returns the words that sound just so, or with one phone otherwise, with the distance."""
        found = dict.fromkeys(self.exact(phones), 0.0)
        near = self._costs.near
        for place, phone in enumerate(phones):
            for heard, cost in near[phone]:
                other = () if heard == NOTHING else (heard,)
                self._collect(phones[:place] + other + phones[place + 1 :], cost, found)
        for place in range(len(phones) + 1):
            for heard, cost in near[NOTHING]:
                self._collect((*phones[:place], heard, *phones[place:]), cost, found)
        return sorted(found.items(), key=lambda item: (item[1], item[0]))

    def _collect(self, phones: Phones, cost: float, found: dict[str, float]) -> None:
        for word in self._words_by_phones.get(phones, ()):
            found[word] = min(found.get(word, math.inf), cost)

    def _distances(self, phones: Phones, rows: slice) -> NDArray[np.float32]:
        """Returns the distance of `phones` from each sound of `rows`, all at once."""
        sounds, lengths, table = self._padded[rows], self._lengths[rows], self._table
        width = int(lengths.max(initial=0))
        added = table[0][sounds[:, :width]]
        before = np.zeros((len(sounds), width + 1), np.float32)
        before[:, 1:] = np.cumsum(added, axis=1)
        for phone in phones:
            said = table[self._ids[phone]]
            swallowed, taken = said[0], said[sounds[:, :width]]
            now = np.empty_like(before)
            now[:, 0] = before[:, 0] + swallowed
            np.minimum(before[:, 1:] + swallowed, before[:, :-1] + taken, out=now[:, 1:])
            for column in range(width):
                longer = now[:, column] + added[:, column]
                np.minimum(now[:, column + 1], longer, out=now[:, column + 1])
            before = now
        result: NDArray[np.float32] = before[np.arange(len(sounds)), lengths]
        return result
