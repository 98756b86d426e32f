"""A slow, plainly written modified Kneser-Ney estimator, to compare the fast one with.

Written from Chen and Goodman (1998) and the description of the smoothing methods in SRILM's
manual; dictionaries of tuples, one n-gram at a time.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Ngram = tuple[str, ...]
START, END, UNKNOWN = "<s>", "</s>", "<unk>"


@dataclass
class Reference:
    """Probability of each n-gram, back-off weight of each context (1 where absent)."""

    probabilities: dict[Ngram, float]
    backoffs: dict[Ngram, float]
    discounts: list[tuple[float, float, float]]

    def probability(self, ngram: Ngram) -> float:
        if ngram in self.probabilities:
            return self.probabilities[ngram]
        if len(ngram) == 1:
            return 0.0
        return self.backoffs.get(ngram[:-1], 1.0) * self.probability(ngram[1:])


def raw_counts(
    sentences: Sequence[Sequence[str]], order: int, vocabulary: set[str] | None, empty: int
) -> list[Counter[Ngram]]:
    counts: list[Counter[Ngram]] = [Counter() for _ in range(order)]
    weighed = [(list(sentence), 1) for sentence in sentences]
    if empty:
        weighed.append(([], empty))
    for sentence, weight in weighed:
        known = [w if vocabulary is None or w in vocabulary else UNKNOWN for w in sentence]
        padded = [START, *known, END]
        for n in range(1, order + 1):
            for i in range(len(padded) - n + 1):
                counts[n - 1][tuple(padded[i : i + n])] += weight
    return counts


def continuation_counts(counts: list[Counter[Ngram]], nonevents: set[str]) -> list[Counter[Ngram]]:
    adjusted = [Counter(level) for level in counts]
    for n in range(1, len(counts)):
        before: Counter[Ngram] = Counter(longer[1:] for longer in counts[n])
        for ngram in counts[n - 1]:
            if ngram[0] not in nonevents:
                adjusted[n - 1][ngram] = before[ngram]
    return adjusted


def discounts_of(counts: Counter[Ngram], nonevents: set[str]) -> tuple[float, float, float]:
    tally = Counter(count for ngram, count in counts.items() if ngram[-1] not in nonevents)
    n1, n2, n3, n4 = (tally[k] for k in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    return 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3


def srilm(
    sentences: Sequence[Sequence[str]],
    order: int,
    *,
    vocabulary: set[str] | None = None,
    min_counts: Sequence[int] = (1, 1, 1, 1, 1, 1),
    empty: int = 0,
    open_vocabulary: bool = False,
    method: str = "kneser-ney",
) -> Reference:
    """``ngram-count -kndiscount -interpolate -gtNmin -vocab`` (and ``-unk``).

    The other methods, ``witten-bell`` and ``absolute``, are ``-wbdiscount`` and ``-cdiscount D``
    with Ney's D of each order; both take the plain counts.
    """
    counts = raw_counts(sentences, order, vocabulary, empty)
    nonevents = {START} if open_vocabulary else {START, UNKNOWN}
    adjusted = counts
    if method == "kneser-ney":
        adjusted = continuation_counts(counts, nonevents)
    words = {ngram[0] for ngram in counts[0]} | (vocabulary or set()) | {END, UNKNOWN}
    words -= nonevents
    model = Reference({(START,): 0.0}, {}, [])
    for n in range(1, order + 1):
        level = adjusted[n - 1]
        discounts = (0.0, 0.0, 0.0)
        if method == "kneser-ney":
            discounts = discounts_of(level, nonevents)
        elif method == "absolute":
            tally = Counter(c for ngram, c in level.items() if ngram[-1] not in nonevents)
            discounts = (tally[1] / (tally[1] + 2 * tally[2]),) * 3
        model.discounts.append(discounts)
        followers: dict[Ngram, dict[str, int]] = {}
        for ngram, count in level.items():
            followers.setdefault(ngram[:-1], {})[ngram[-1]] = count
        new: dict[Ngram, float] = {}
        for context, after in followers.items():
            if not open_vocabulary and UNKNOWN in context:
                continue
            after = {word: c for word, c in after.items() if word not in nonevents and c > 0}
            total = sum(after.values())
            if not total:
                continue
            weight = sum(discounts[min(c, 3) - 1] for c in after.values()) / total
            if method == "witten-bell":
                total += len(after)
                weight = len(after) / total
            kept_sum = lower_sum = 0.0
            for word, c in after.items():
                lower = 1 / len(words) if n == 1 else model.probability((*context[1:], word))
                if c < min_counts[n - 1]:
                    continue
                p = (c - discounts[min(c, 3) - 1]) / total + weight * lower
                new[(*context, word)] = p
                kept_sum += p
                lower_sum += lower
            if n > 1:
                left = 1 - lower_sum
                model.backoffs[context] = (1 - kept_sum) / left if left > 1e-12 else 1.0
            else:
                unseen = [word for word in words if (word,) not in new]
                for word in unseen:
                    new[(word,)] = (1 - kept_sum) / len(unseen)
        model.probabilities.update(new)
    _insert_contexts(model, order)
    return model


def kenlm(
    sentences: Sequence[Sequence[str]], order: int, *, min_counts: Sequence[int]
) -> Reference:
    """``lmplz --prune`` (its thresholds are these minimum counts less one)."""
    counts = raw_counts(sentences, order, None, 0)
    adjusted = continuation_counts(counts, {START})
    words = ({ngram[0] for ngram in counts[0]} | {UNKNOWN, END}) - {START}
    model = Reference({(START,): 0.0}, {}, [])
    for n in range(1, order + 1):
        discounts = discounts_of(adjusted[n - 1], {START})
        model.discounts.append(discounts)
        followers: dict[Ngram, list[Ngram]] = {}
        for ngram in counts[n - 1]:
            if ngram[-1] != START:
                followers.setdefault(ngram[:-1], []).append(ngram)
        new: dict[Ngram, float] = {}
        for context, ngrams in followers.items():
            level = adjusted[n - 1]
            total = sum(level[ngram] for ngram in ngrams)
            kept = [ngram for ngram in ngrams if counts[n - 1][ngram] >= min_counts[n - 1]]
            dropped = sum(level[ngram] for ngram in ngrams if ngram not in kept)
            gamma = (sum(discounts[min(level[g], 3) - 1] for g in kept) + dropped) / total
            for ngram in kept:
                lower = 1 / len(words) if n == 1 else model.probability(ngram[1:])
                own = (level[ngram] - discounts[min(level[ngram], 3) - 1]) / total
                new[ngram] = own + gamma * lower
            if n == 1:
                new[(UNKNOWN,)] = gamma / len(words)
            elif kept:
                model.backoffs[context] = gamma
        model.probabilities.update(new)
    return model


def _insert_contexts(model: Reference, order: int) -> None:
    """ARPA files list every context of an n-gram, whether it was kept or not."""
    for n in range(order, 1, -1):
        for ngram in [g for g in model.probabilities if len(g) == n]:
            context = ngram[:-1]
            if context not in model.probabilities:
                model.probabilities[context] = model.probability(context)


def log10(value: float) -> float:
    return math.log10(value) if value > 0 else -99.0


def random_text(seed: int, sentences: int, words: int) -> list[list[str]]:
    """Text with Zipf's law and some grammar, so that its counts of counts fall as real ones do."""
    generator = random.Random(seed)
    names = [f"w{number}" for number in range(words)]
    weights = [1 / (rank + 1) for rank in range(words)]
    following = {name: generator.choices(names, weights, k=4) for name in names}
    text = []
    for _ in range(sentences):
        sentence: list[str] = []
        while generator.random() > 0.12:
            if sentence and generator.random() < 0.5:
                sentence.append(generator.choice(following[sentence[-1]]))
            else:
                sentence.append(generator.choices(names, weights)[0])
        text.append(sentence)
    return text
