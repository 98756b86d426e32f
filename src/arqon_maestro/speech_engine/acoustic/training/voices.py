"""Voices of the synthesisers, and which of them says which sentence."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.acoustic.training.utterances import (
    NOISE_WORD,
    TEST,
    TRAIN,
    VALID,
    Program,
    Synthetic,
    Utterance,
)

_TABLE = "data/voices.tsv"
_PARTS = ("train", "held-out")
#: How far pitch and speed stray from a voice's own.
_PITCH_RANGE = (0.75, 1.35)
_RATE_RANGE = (0.8, 1.25)
#: Share of the sentences with a speech-like noise before or after them.
_NOISE_SHARE = 0.04
_LOWEST_PITCH, _HIGHEST_PITCH = 0, 99


@dataclass(frozen=True)
class Voice:
    """A row of the table of voices.

    Attributes:
        program: the synthesiser.
        voice: its name of the voice.
        pitch: the voice's own.
        weight: its share of the sentences.
        held_out: never trained on.
    """

    program: Program
    voice: str
    pitch: float
    weight: float
    held_out: bool

    @property
    def speaker(self) -> str:
        """A name for data tables."""
        return f"{self.program}:{self.voice}"


@cache
def voices() -> tuple[Voice, ...]:
    """Returns the table of voices.

    Raises:
        DataError: a row of the table that is not one.
    """
    resource = files("arqon_maestro.speech_engine.acoustic.training").joinpath(_TABLE)
    rows = []
    for number, line in enumerate(resource.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith(("#", "program\t")):
            continue
        fields = line.split("\t")
        if len(fields) != 5 or fields[0] not in ("flite", "espeak-ng") or fields[4] not in _PARTS:
            raise DataError("not a row of the table of voices", where=f"{_TABLE}:{number}")
        program, voice, pitch, weight, part = fields
        rows.append(
            Voice(cast(Program, program), voice, float(pitch), float(weight), part == "held-out")
        )
    return tuple(rows)


def speak_by_lot(
    sentences: Sequence[tuple[str, ...]], split: str, count: int, seed: int
) -> list[Utterance]:
    """Has sentences spoken by voices, pitches and speeds that are drawn by lot.

    Args:
        sentences: words of each.
        split: `TEST` has the held-out voices, without distortion of the sound; `TRAIN` and `VALID`
            the others.
        count: utterances; sentences are used again, by another voice, where there are fewer.
        seed: decides the lots.

    Raises:
        DataError: no sentence.
    """
    if not sentences:
        raise DataError(f"no sentence to speak for the split {split!r}")
    pool = [voice for voice in voices() if voice.held_out == (split == TEST)]
    weights = [voice.weight for voice in pool]
    utterances = []
    for number in range(count):
        chooser = random.Random(seed_of(seed, "voice", split, number))
        voice = chooser.choices(pool, weights)[0]
        pitch = voice.pitch * chooser.uniform(*_PITCH_RANGE)
        if voice.program == "espeak-ng":
            pitch = min(max(pitch, _LOWEST_PITCH), _HIGHEST_PITCH)
        source = Synthetic(
            voice.program, voice.voice, round(pitch, 1), round(chooser.uniform(*_RATE_RANGE), 3)
        )
        words = sentences[number % len(sentences)]
        if split != TEST and chooser.random() < _NOISE_SHARE:
            words = (NOISE_WORD, *words) if chooser.random() < 0.5 else (*words, NOISE_WORD)
        utterances.append(
            Utterance(
                name=f"{split}-{number:06d}",
                words=words,
                speaker=voice.speaker,
                split=split,
                source=source,
                distorted=split in (TRAIN, VALID),
            )
        )
    return utterances
