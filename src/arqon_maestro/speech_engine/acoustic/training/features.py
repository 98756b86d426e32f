"""Features of utterances, made in workers, kept in files of a few hundred utterances.

`F` frames, `C` coefficients.
"""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.errors import DataError
from arqon_maestro.executors import Outcome
from arqon_maestro.speech_engine.acoustic.mfcc import Mfcc
from arqon_maestro.speech_engine.acoustic.mfcc_options import MfccOptions
from arqon_maestro.speech_engine.acoustic.training.distortion import distort
from arqon_maestro.speech_engine.acoustic.training.synthesis import synthesize
from arqon_maestro.speech_engine.acoustic.training.utterances import (
    NOISE_WORD,
    Recording,
    Synthetic,
    Utterance,
)
from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ, Samples, read_audio

UTTERANCES_A_SHARD = 200
LONGEST_S = 40.0
_LONGEST_FILE_S = 24 * 3600.0
TOO_LONG = f"longer than {LONGEST_S:g} s"
UNREADABLE = "audio that cannot be read"


@dataclass(frozen=True)
class UtteranceShard:
    """Some utterances, in order."""

    utterances: tuple[Utterance, ...]

    def items(self) -> tuple[Utterance, ...]:
        """Returns them."""
        return self.utterances


@dataclass(frozen=True)
class Heard:
    """An utterance's features `(F, C)`, or why there are none."""

    utterance: Utterance
    features: NDArray[np.float16] | None
    reason: str = ""


def sound_of(utterance: Utterance, seed: int) -> Samples:
    """Returns the samples `(T,)` of an utterance, distorted where that is wanted.

    Raises:
        MaestroError: no audio there, or the synthesiser failed.
    """
    source = utterance.source
    if isinstance(source, Recording):
        samples = read_audio(source.path, longest_s=_LONGEST_FILE_S)
        end = None if source.end_s is None else round(source.end_s * SAMPLE_RATE_HZ)
        samples = samples[round(source.start_s * SAMPLE_RATE_HZ) : end]
        if not len(samples):
            raise DataError("no audio in this piece of a recording", where=source.path)
    else:
        samples = _spoken(utterance, source, seed)
    if not utterance.distorted:
        return samples
    return distort(samples, np.random.default_rng(seed_of(seed, "sound", utterance.name)))


def _spoken(utterance: Utterance, source: Synthetic, seed: int) -> Samples:
    """Speaks the words; noise before or after them is a piece of the same speech, backwards."""
    words = [word for word in utterance.words if word != NOISE_WORD]
    samples = synthesize(words, source)
    if NOISE_WORD not in utterance.words:
        return samples
    chooser = np.random.default_rng(seed_of(seed, "noise", utterance.name))
    length = min(len(samples), round(SAMPLE_RATE_HZ * chooser.uniform(0.2, 0.6)))
    start = int(chooser.integers(0, len(samples) - length + 1))
    noise = samples[start : start + length][::-1]
    parts = [noise, samples] if utterance.words[0] == NOISE_WORD else [samples, noise]
    return np.concatenate(parts)


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


@dataclass(frozen=True)
class FeatureJob:
    """Makes the features of utterances; single precision would double the files for no gain."""

    options: MfccOptions
    seed: int

    def process(self, utterance: Utterance, /) -> Heard:
        """Makes one utterance's features, in a worker; its matrices are too small for two cores."""
        with _threads().limit(limits=1):
            try:
                samples = sound_of(utterance, self.seed)
            except DataError:
                return Heard(utterance, None, UNREADABLE)
            if len(samples) > LONGEST_S * SAMPLE_RATE_HZ:
                return Heard(utterance, None, TOO_LONG)
            features = Mfcc(self.options, seed=self.seed).compute(samples)
            return Heard(utterance, features.astype(np.float16))

    def write(self, outcomes: Sequence[Outcome[Heard]], destination: Path, /) -> None:
        """Writes a shard."""
        kept: list[Heard] = []
        rejects: Counter[str] = Counter()
        for outcome in outcomes:
            heard = outcome.result
            if heard is None or heard.features is None or not len(heard.features):
                rejects[outcome.reason if heard is None else heard.reason or "no frame"] += 1
            else:
                kept.append(heard)
        frames = [heard.features for heard in kept if heard.features is not None]
        facts = {
            "names": [heard.utterance.name for heard in kept],
            "words": [heard.utterance.words for heard in kept],
            "speakers": [heard.utterance.speaker for heard in kept],
            "splits": [heard.utterance.split for heard in kept],
            "rejects": rejects,
        }
        with atomic_binary(destination) as stream:
            np.savez(
                stream,
                features=np.concatenate(frames) if frames else np.zeros((0, 1), np.float16),
                lengths=np.array([len(part) for part in frames], np.int64),
                facts=np.frombuffer(json.dumps(facts).encode(), np.uint8),
            )


@dataclass(frozen=True)
class Example:
    """An utterance as training sees it.

    Attributes:
        name: of the utterance.
        words: the transcript.
        speaker: who says it.
        split: what it is for.
        features: `(F, C)`.
    """

    name: str
    words: tuple[str, ...]
    speaker: str
    split: str
    features: NDArray[np.float16]


def shards_of(utterances: Sequence[Utterance]) -> list[UtteranceShard]:
    """Cuts utterances into shards, in order."""
    return [
        UtteranceShard(tuple(utterances[start : start + UTTERANCES_A_SHARD]))
        for start in range(0, len(utterances), UTTERANCES_A_SHARD)
    ]


def read_examples(paths: Sequence[Path]) -> tuple[list[Example], Counter[str]]:
    """Reads shards: the examples in order, and what was dropped, by reason.

    Raises:
        DataError: a file that is not a shard.
    """
    examples: list[Example] = []
    rejects: Counter[str] = Counter()
    for path in paths:
        try:
            with np.load(path) as arrays:
                features, lengths = arrays["features"], arrays["lengths"]
                facts = json.loads(arrays["facts"].tobytes())
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise DataError("not a file of features", where=path, why=str(error)) from None
        stops = np.cumsum(lengths)
        for number, stop in enumerate(stops):
            examples.append(
                Example(
                    name=facts["names"][number],
                    words=tuple(facts["words"][number]),
                    speaker=facts["speakers"][number],
                    split=facts["splits"][number],
                    features=features[stop - lengths[number] : stop],
                )
            )
        rejects.update(facts["rejects"])
    return examples, rejects
