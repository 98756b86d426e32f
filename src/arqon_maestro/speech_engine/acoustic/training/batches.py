"""Utterances to train on, in batches of like length; each is heard anew in every epoch."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.speech_engine.acoustic.training.features import Example
from arqon_maestro.speech_engine.acoustic.training.network import SUBSAMPLING
from arqon_maestro.speech_engine.acoustic.training.perturbation import Perturbation
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.acoustic.training.supervision import (
    PhoneModel,
    Pronunciations,
    Supervision,
    supervise,
)

TOO_SHORT = "fewer frames than the transcript has phones"


@dataclass(frozen=True)
class Item:
    """An utterance, and what its transcript allows."""

    example: Example
    supervision: Supervision


def usable(
    examples: Sequence[Example],
    lexicon: Pronunciations,
    phones: PhoneSet,
    model: PhoneModel,
) -> tuple[list[Item], Counter[str]]:
    """Returns the examples that can be trained on, and the others, counted by reason.

    Args:
        examples: utterances.
        lexicon: pronunciations of all their words.
        phones: the phone set.
        model: trigram of phones.
    """
    items: list[Item] = []
    rejects: Counter[str] = Counter()
    for example in examples:
        supervision = supervise(example.words, lexicon, phones, model)
        # A shift drops up to two frames of features, and so up to one of the output.
        if (len(example.features) - SUBSAMPLING + 1) // SUBSAMPLING < supervision.shortest:
            rejects[TOO_SHORT] += 1
        else:
            items.append(Item(example, supervision))
    return items, rejects


def batches_of(items: Sequence[Item], frames: int, seed: int, epoch: int) -> list[list[Item]]:
    """Groups utterances of like length, in an order of the epoch's own.

    Args:
        items: all utterances.
        frames: of features in a batch, padding included, at most; a longer utterance is alone.
        seed: of the order.
        epoch: passes before this one.
    """
    chooser = random.Random(seed_of(seed, "order", epoch))
    order = sorted(
        range(len(items)),
        key=lambda i: len(items[i].example.features) * chooser.uniform(0.9, 1.1),
    )
    batches: list[list[Item]] = [[]]
    longest = 0
    for index in order:
        longest = max(longest, len(items[index].example.features))
        if batches[-1] and longest * (len(batches[-1]) + 1) > frames:
            batches.append([])
            longest = len(items[index].example.features)
        batches[-1].append(items[index])
    chooser.shuffle(batches)
    return batches


class Hearing:
    """How utterances are heard in training: shifted by up to two frames, and perturbed.

    Args:
        seed: decides the lots, with the epoch and the utterance's name.
        perturbation: how features stray; None to take them as they are.
    """

    def __init__(self, seed: int, perturbation: Perturbation | None) -> None:
        self._seed = seed
        self._perturbation = perturbation

    def _shift(self, example: Example, epoch: int) -> int:
        return seed_of(self._seed, "shift", epoch, example.name) % SUBSAMPLING

    def frames(self, example: Example, epoch: int) -> int:
        """Returns the number of the output's frames."""
        return -(-(len(example.features) - self._shift(example, epoch)) // SUBSAMPLING)

    def hear(self, example: Example, epoch: int) -> NDArray[np.float32]:
        """Returns an example's features `(F, C)` in an epoch."""
        features = example.features[self._shift(example, epoch) :]
        if self._perturbation is None:
            return features.astype(np.float32)
        seed = seed_of(self._seed, "perturbation", epoch, example.name)
        return self._perturbation.apply(features, np.random.default_rng(seed))
