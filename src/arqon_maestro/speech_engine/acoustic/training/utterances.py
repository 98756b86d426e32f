"""Utterances to train on: what is said, and where its sound comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TRAIN, VALID, TEST = "train", "valid", "test"
#: The word that stands for speech-like noise (`HEADER_ENTRIES` of the lexicon).
NOISE_WORD = "nspc"
Program = Literal["flite", "espeak-ng"]


@dataclass(frozen=True)
class Recording:
    """A piece of an audio file.

    Attributes:
        path: the file.
        start_s: where the piece starts, in seconds.
        end_s: where it ends; None for the end of the file.
    """

    path: Path
    start_s: float = 0.0
    end_s: float | None = None


@dataclass(frozen=True)
class Synthetic:
    """A sentence to be spoken by a synthesiser.

    Attributes:
        program: ``flite`` or ``espeak-ng``.
        voice: the program's name of a voice.
        pitch: its mean in Hz (flite) or 0 to 99 (espeak-ng).
        rate: speed, 1.0 for the voice's own.
    """

    program: Program
    voice: str
    pitch: float
    rate: float


@dataclass(frozen=True)
class Utterance:
    """What is said, by whom, and how it is heard.

    Attributes:
        name: unique; decides, with the seed, how the sound is distorted.
        words: the transcript.
        speaker: who says it.
        split: `TRAIN`, `VALID` or `TEST`.
        source: where the sound comes from.
        distorted: whether speed, room, noise and level are changed.
    """

    name: str
    words: tuple[str, ...]
    speaker: str
    split: str
    source: Recording | Synthetic
    distorted: bool = True
