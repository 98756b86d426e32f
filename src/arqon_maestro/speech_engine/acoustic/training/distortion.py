"""What rooms, microphones and neighbours do to speech: speed, reverberation, noise, level.

`T` samples. Everything is drawn by lot from a generator: the same seed gives the same sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ, Samples, to_samples

Signal = NDArray[np.float64]
_FULL_SCALE = 32768.0
_QUIET = 1e-9


@dataclass(frozen=True)
class DistortionRanges:
    """From where to where each lot is drawn, evenly; shares are probabilities.

    Attributes:
        speed: factor; changes pitch and formants with it, as another throat would.
        room_share: of utterances that are heard through a room.
        decay_s: time in which its echo falls by 60 dB.
        echo_db: the echo's level below the direct sound.
        noise_share: of utterances with noise.
        noise_db: the speech's level above the noise.
        slope: of the noise's spectrum: 0 white, 1 pink, 2 brown.
        tilt_db: highest change of level from the low end of the band to the high end.
        padding_s: silence before, and after.
        peak: of the loudest sample, of full scale, on a scale of logarithms.
        clipped_share: of utterances whose loudest samples are cut off.
    """

    speed: tuple[float, float] = (0.9, 1.12)
    room_share: float = 0.5
    decay_s: tuple[float, float] = (0.1, 0.6)
    echo_db: tuple[float, float] = (2.0, 18.0)
    noise_share: float = 0.8
    noise_db: tuple[float, float] = (5.0, 35.0)
    slope: tuple[float, float] = (0.0, 2.0)
    tilt_db: float = 8.0
    padding_s: tuple[float, float] = (0.05, 0.5)
    peak: tuple[float, float] = (0.02, 0.95)
    clipped_share: float = 0.03


def distort(
    samples: Samples, chooser: np.random.Generator, ranges: DistortionRanges | None = None
) -> Samples:
    """Returns samples `(T',)` as they might be heard elsewhere.

    Args:
        samples: `(T,)`, int16 at 16 kHz.
        chooser: draws the lots.
        ranges: see `DistortionRanges`.
    """
    lots = ranges or DistortionRanges()
    signal = samples.astype(np.float64) / _FULL_SCALE
    speed = chooser.uniform(*lots.speed)
    signal = stretch(signal, max(1, round(len(signal) / speed)))
    before, after = (round(SAMPLE_RATE_HZ * chooser.uniform(*lots.padding_s)) for _ in range(2))
    signal = np.concatenate([np.zeros(before), signal, np.zeros(after)])
    if chooser.random() < lots.room_share:
        decay_s, echo_db = chooser.uniform(*lots.decay_s), chooser.uniform(*lots.echo_db)
        signal = reverberate(signal, decay_s, echo_db, chooser)
    signal = tilt(signal, chooser.uniform(-lots.tilt_db, lots.tilt_db))
    if chooser.random() < lots.noise_share:
        noise = coloured_noise(len(signal), chooser.uniform(*lots.slope), chooser)
        if chooser.random() < 0.5:
            noise = noise * _swell(len(signal), chooser)
        signal = signal + noise * _level(signal, chooser.uniform(*lots.noise_db))
    low, high = np.log(lots.peak)
    peak = float(np.exp(chooser.uniform(low, high)))
    if chooser.random() < lots.clipped_share:
        peak = chooser.uniform(1.0, 2.0)
    loudest = max(float(np.abs(signal).max()), _QUIET)
    return to_samples((signal * (peak / loudest)).astype(np.float32))


def stretch(signal: Signal, length: int) -> Signal:
    """Resamples `(T,)` to `(length,)` by its spectrum, cut or filled with zeros at the high end.

    Right for a sound that begins and ends in silence, as the spectrum takes it for periodic; many
    times as quick as the windowed sinc of `audio.resample`.
    """
    if length == len(signal):
        return signal
    spectrum = np.fft.rfft(signal)
    return np.asarray(np.fft.irfft(spectrum[: length // 2 + 1], length) * (length / len(signal)))


def reverberate(
    signal: Signal, decay_s: float, echo_db: float, chooser: np.random.Generator
) -> Signal:
    """Adds the echo of a room: noise that falls exponentially after the direct sound.

    Args:
        signal: `(T,)`.
        decay_s: time in which the echo falls by 60 dB.
        echo_db: energy of the echo below that of the direct sound.
        chooser: draws the echo.

    Returns:
        `(T,)`: what rings on after the end is cut off.
    """
    length = max(2, round(decay_s * SAMPLE_RATE_HZ))
    falling = np.exp(-np.log(1000.0) * np.arange(length) / length)
    echo = chooser.standard_normal(length) * falling
    echo[0] = 0.0
    echo *= 10 ** (-echo_db / 20) / np.sqrt((echo**2).sum())
    echo[0] = 1.0
    points = 1 << (len(signal) + length - 1).bit_length()
    spectrum = np.fft.rfft(signal, points) * np.fft.rfft(echo, points)
    return np.asarray(np.fft.irfft(spectrum, points)[: len(signal)])


def tilt(signal: Signal, decibels: float) -> Signal:
    """Raises the high end of the band over the low end by `decibels`, evenly in between."""
    points = 1 << (len(signal) - 1).bit_length()
    spectrum = np.fft.rfft(signal, points)
    place = np.linspace(-0.5, 0.5, len(spectrum))
    return np.asarray(np.fft.irfft(spectrum * 10 ** (decibels * place / 20), points)[: len(signal)])


def coloured_noise(length: int, slope: float, chooser: np.random.Generator) -> Signal:
    """Returns noise `(length,)` of power one, whose power falls with frequency to this power."""
    points = 1 << max(1, (length - 1).bit_length())
    spectrum = np.fft.rfft(chooser.standard_normal(points))
    frequency = np.arange(len(spectrum)) * (SAMPLE_RATE_HZ / points)
    lowest_hz = 50.0
    spectrum *= np.maximum(frequency, lowest_hz) ** (-slope / 2)
    noise = np.fft.irfft(spectrum, points)[:length]
    return np.asarray(noise / max(float(np.sqrt((noise**2).mean())), _QUIET))


def _swell(length: int, chooser: np.random.Generator) -> Signal:
    """Returns a level `(length,)` that rises and falls a few times a second, as babble does."""
    knots = max(2, round(length / SAMPLE_RATE_HZ * 4))
    levels = chooser.uniform(0.1, 1.6, knots + 1)
    return np.interp(np.linspace(0, knots, length), np.arange(knots + 1), levels)


def _level(signal: Signal, decibels: float) -> float:
    """Returns the level that lies `decibels` below that of the signal where it is not silent."""
    loud = signal[np.abs(signal) > 0.01 * max(float(np.abs(signal).max()), _QUIET)]
    power = float((loud**2).mean()) if loud.size else _QUIET
    return float(np.sqrt(power)) * 10 ** (-decibels / 20)
