"""What dataset building does, once more, line by line in plain Python: slow, and easy to check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from arqon_maestro.code_engine.vocabulary import EOS, Vocabulary
from arqon_maestro.corpusgen.unknowns import DropReason, EncodedPair, UnknownReplacer

Pair = tuple[str, str]

_BITS_64 = (1 << 64) - 1


class PairChoices:
    """Draws the placeholders of the pair with a number: SplitMix64 at a place of its sequence."""

    def __init__(self, seed: int, number: int) -> None:
        self._seed, self._number = seed, number
        self._step = 0

    def below(self, stop: int) -> int:
        self._step += 1
        state = (self._seed + (20 * self._number + self._step) * 0x9E3779B97F4A7C15) & _BITS_64
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _BITS_64
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _BITS_64
        return (state ^ (state >> 31)) % stop


def count_tokens(pairs: Sequence[Pair]) -> Counter[str]:
    """Counts the tokens of both sides; an empty line has an empty token."""
    return Counter(token for pair in pairs for line in pair for token in line.split(" "))


def replace_unknowns(
    pairs: Sequence[Pair], lexicon: Sequence[str], seed: int
) -> tuple[list[Pair], Counter[str]]:
    """Returns the pairs with placeholders, and how many were left out, by reason."""
    replacer = UnknownReplacer(lexicon)
    kept: list[Pair] = []
    dropped: Counter[str] = Counter()
    for number, (source, target) in enumerate(pairs):
        made = replacer.encode_pair(source, target, PairChoices(seed, number))  # type: ignore[arg-type]
        if isinstance(made, DropReason):
            dropped[made.value] += 1
        else:
            assert isinstance(made, EncodedPair)
            kept.append((made.source, made.target))
    return kept, dropped


def encode_ids(
    pairs: Sequence[Pair], vocabulary: Vocabulary, max_length: int
) -> list[tuple[list[int], list[int]]]:
    """Returns the ids of the pairs that are not too long, with `EOS` at the ends."""
    ids = [(vocabulary.encode(source), vocabulary.encode(target)) for source, target in pairs]
    return [
        ([*source, EOS], [*target, EOS])
        for source, target in ids
        if max(len(source), len(target)) <= max_length
    ]
