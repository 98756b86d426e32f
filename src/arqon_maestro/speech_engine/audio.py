"""Audio files as 16 kHz mono samples: WAV, FLAC, Ogg and the like, resampled where needed."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, MissingPartError

SAMPLE_RATE_HZ = 16000
#: Commands take seconds; a recording of minutes is a mistake.
LONGEST_S = 120.0
#: Zero crossings of the sinc on each side, and the share of the band kept free of aliases.
_ZERO_CROSSINGS = 16
_PASS_BAND = 0.945
_BLOCK = 1 << 15

Samples = NDArray[np.int16]


def read_audio(path: Path, *, longest_s: float = LONGEST_S) -> Samples:
    """Reads an audio file.

    Args:
        path: WAV, FLAC, Ogg (Vorbis, Opus), AIFF, MP3 …; several channels are averaged.
        longest_s: longer files are refused.

    Returns:
        Samples `(T,)`, int16, at `SAMPLE_RATE_HZ`.

    Raises:
        MissingPartError: no such file.
        DataError: not audio, cut short, empty, or too long.
    """
    import soundfile

    if not path.exists():
        raise MissingPartError("no such file", where=path)
    if path.is_dir():
        raise DataError("a folder, where an audio file was expected", where=path)
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            seconds = file.frames / rate
            if seconds > longest_s:
                raise DataError(
                    f"{seconds:.0f} s of audio",
                    where=path,
                    why=f"at most {longest_s:g} s are transcribed at once",
                    remedy="cut the recording into sentences",
                )
            channels = file.read(dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise DataError("not an audio file that can be read", where=path, why=str(error)) from None
    if not len(channels):
        raise DataError("no audio in this file", where=path)
    return to_samples(resample(channels.mean(axis=1), rate))


def to_samples(signal: NDArray[np.float32]) -> Samples:
    """Turns a signal `(T,)` between -1 and 1 into int16 samples; what is louder is clipped."""
    full_scale = 32768.0
    finite = np.nan_to_num(signal.astype(np.float64), posinf=1.0, neginf=-1.0)
    scaled = np.rint(finite * full_scale)
    return np.clip(scaled, -full_scale, full_scale - 1).astype(np.int16)


def resample(
    signal: NDArray[np.float32], rate_hz: int, target_hz: int = SAMPLE_RATE_HZ
) -> NDArray[np.float32]:
    """Resamples by a Hann-windowed sinc, whose cut-off is below the lower Nyquist frequency.

    Args:
        signal: `(T,)`.
        rate_hz: its sampling rate.
        target_hz: the rate wanted.

    Returns:
        `(ceil(T * target / rate),)`.

    Raises:
        DataError: a rate that is not positive.
    """
    if rate_hz <= 0:
        raise DataError(f"a sampling rate of {rate_hz} Hz")
    if rate_hz == target_hz or not len(signal):
        return signal
    cut_off = _PASS_BAND * min(1.0, target_hz / rate_hz)
    reach = math.ceil(_ZERO_CROSSINGS / cut_off)
    padded = np.pad(signal.astype(np.float64), reach + 1)
    offsets = np.arange(-reach, reach + 1)
    length = math.ceil(len(signal) * target_hz / rate_hz)
    result = np.empty(length, np.float32)
    for start in range(0, length, _BLOCK):
        # Where each output sample lies among the input samples.
        positions = np.arange(start, min(start + _BLOCK, length)) * (rate_hz / target_hz)
        centres = np.floor(positions).astype(np.int64)
        distances = (centres - positions)[:, None] + offsets
        window = np.cos(np.clip(distances / (reach + 1), -1, 1) * (np.pi / 2)) ** 2
        kernel = cut_off * np.sinc(cut_off * distances) * window
        taps = padded[(centres + reach + 1)[:, None] + offsets]
        result[start : start + len(positions)] = (kernel * taps).sum(axis=1)
    return result
