"""What a transcript allows: its pronunciations as a graph of phones in their left context.

`N` nodes of an utterance. A node is a phone after another phone; arcs carry the probability of the
next phone in the phone language model, so that the numerator is a part of the denominator.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.lexicon.pronunciations import SILENCE_PHONE

#: How often there is silence between two words, as in Kaldi's lexicon.
SILENCE_PROBABILITY = 0.5

#: Word → its pronunciations as phone numbers.
Pronunciations = Mapping[str, Sequence[tuple[int, ...]]]


@dataclass(frozen=True)
class PhoneModel:
    """Trigram of phones, which is the denominator's graph.

    Attributes:
        next: probability of a phone after two others, `(L, P, P)`: left context, phone, next.
        end: probability that the utterance ends after two phones, `(L, P)`.
        first: probability of the first phone, `(P,)`.
    """

    next: NDArray[np.float64]
    end: NDArray[np.float64]
    first: NDArray[np.float64]


def estimate_phone_model(sequences: Sequence[Sequence[int]], phones: PhoneSet) -> PhoneModel:
    """Estimates the trigram, each order interpolated with the one below (Witten-Bell).

    Args:
        sequences: phones of utterances, silence included.
        phones: the phone set.

    Raises:
        DataError: no sequence.
    """
    if not sequences:
        raise DataError("no transcript to estimate the phones' order from")
    count, start = len(phones.names), phones.start
    end = count
    trigrams = np.zeros((count + 1, count + 1, count + 1))
    for sequence in sequences:
        left, middle = start, start
        for phone in (*sequence, end):
            trigrams[left, middle, phone] += 1
            left, middle = middle, phone
    bigrams = trigrams.sum(axis=0)
    unigrams = bigrams.sum(axis=0)
    lowest = np.full(count + 1, 1.0 / (count + 1))
    one = _interpolate(unigrams, lowest)
    two = _interpolate(bigrams, np.broadcast_to(one, bigrams.shape))
    three = _interpolate(trigrams, np.broadcast_to(two, trigrams.shape))
    return PhoneModel(
        next=three[:, :count, :count],
        end=three[:, :count, end],
        first=three[start, start, :count] / three[start, start, :count].sum(),
    )


def _interpolate(counts: NDArray[np.float64], lower: NDArray[np.float64]) -> NDArray[np.float64]:
    """Witten-Bell: the mass of what is new is the number of kinds seen, at least one."""
    kinds = np.maximum((counts > 0).sum(axis=-1, keepdims=True), 1)
    mixed: NDArray[np.float64] = (counts + kinds * lower) / (
        counts.sum(axis=-1, keepdims=True) + kinds
    )
    return mixed


@dataclass(frozen=True)
class Supervision:
    """The graph of one transcript.

    Attributes:
        forward_pdfs: `(N,)` of a node's first frame.
        self_loop_pdfs: `(N,)` of its further frames.
        start: `(N,)` probability that the utterance begins with the node.
        arcs: `(N, N)` probability of a node after another.
        end: `(N,)` probability that the utterance ends after it.
        shortest: frames that the shortest way through needs.
    """

    forward_pdfs: NDArray[np.int64]
    self_loop_pdfs: NDArray[np.int64]
    start: NDArray[np.float64]
    arcs: NDArray[np.float64]
    end: NDArray[np.float64]
    shortest: int


def sample_phones(
    words: Sequence[str], lexicon: Pronunciations, phones: PhoneSet, chooser: random.Random
) -> list[int]:
    """Returns the phones of one way to say a transcript, silences drawn by lot."""
    silence = phones.index[SILENCE_PHONE]
    sequence = [silence]
    for number, word in enumerate(words):
        if number and chooser.random() < SILENCE_PROBABILITY:
            sequence.append(silence)
        sequence += chooser.choice(lexicon[word])
    return [*sequence, silence]


def supervise(
    words: Sequence[str], lexicon: Pronunciations, phones: PhoneSet, model: PhoneModel
) -> Supervision:
    """Returns the graph of a transcript: all pronunciations, silence where a pause may be.

    Args:
        words: the transcript.
        lexicon: pronunciations of all of them.
        phones: the phone set.
        model: gives the arcs their probabilities.

    Raises:
        DataError: a transcript without words, or a word without pronunciation.
    """
    missing = [word for word in words if not lexicon.get(word)]
    if missing or not words:
        raise DataError("a transcript that cannot be said", why=f"no pronunciation: {missing}")
    graph = _Graph(phones)
    silence = phones.index[SILENCE_PHONE]
    # Where the utterance can be: left context → nodes that end there; none at the start.
    open_ends: dict[int, list[int]] = {phones.start: [graph.START]}
    open_ends = _merge(open_ends, graph.extend(open_ends, (silence,)))
    for word in words:
        after: dict[int, list[int]] = {}
        for pronunciation in lexicon[word]:
            after = _merge(after, graph.extend(open_ends, pronunciation))
        open_ends = _merge(after, graph.extend(after, (silence,)))
    return graph.finish([node for nodes in open_ends.values() for node in nodes], model)


class _Graph:
    """Nodes (left context, phone) and their predecessors, in the order they were made."""

    START = -1

    def __init__(self, phones: PhoneSet) -> None:
        self.phones = phones
        self.nodes: list[tuple[int, int]] = []
        self.predecessors: list[list[int]] = []

    def extend(
        self, open_ends: Mapping[int, list[int]], pronunciation: Sequence[int]
    ) -> dict[int, list[int]]:
        """Adds a pronunciation after every open end; returns where it ends."""
        made: list[int] = []
        for left, nodes in open_ends.items():
            made.append(self._add(left, pronunciation[0], nodes))
        for before, phone in pairwise(pronunciation):
            made = [self._add(before, phone, made)]
        return {pronunciation[-1]: made}

    def _add(self, left: int, phone: int, predecessors: list[int]) -> int:
        self.nodes.append((left, phone))
        self.predecessors.append(list(predecessors))
        return len(self.nodes) - 1

    def finish(self, ends: list[int], model: PhoneModel) -> Supervision:
        """Gives arcs their probabilities."""
        count = len(self.nodes)
        left = np.array([node[0] for node in self.nodes])
        phone = np.array([node[1] for node in self.nodes])
        start, arcs, end = np.zeros(count), np.zeros((count, count)), np.zeros(count)
        shortest = np.zeros(count, np.int64)
        for number, predecessors in enumerate(self.predecessors):
            lengths = []
            for before in predecessors:
                if before == self.START:
                    start[number] = model.first[phone[number]]
                    lengths.append(0)
                    continue
                arcs[before, number] = model.next[left[before], phone[before], phone[number]]
                lengths.append(int(shortest[before]))
            shortest[number] = 1 + min(lengths)
        end[ends] = model.end[left[ends], phone[ends]]
        return Supervision(
            forward_pdfs=self.phones.forward_pdfs[left, phone],
            self_loop_pdfs=self.phones.self_loop_pdfs[phone],
            start=start,
            arcs=arcs,
            end=end,
            shortest=int(shortest[ends].min()),
        )


def _merge(one: Mapping[int, list[int]], two: Mapping[int, list[int]]) -> dict[int, list[int]]:
    merged = {left: list(nodes) for left, nodes in one.items()}
    for left, nodes in two.items():
        merged.setdefault(left, []).extend(nodes)
    return merged
