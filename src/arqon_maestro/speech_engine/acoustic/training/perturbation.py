"""Other throats, microphones and gaps, drawn anew for each utterance in each epoch.

With as many coefficients as filters the cepstrum is an invertible linear map of the logarithmic mel
spectrum. There, another vocal tract is a warp of the axis (Pitz and Ney, "Vocal tract
normalization equals linear transformation in cepstral space", 2005; Jaitly and Hinton, "Vocal
tract length perturbation improves speech recognition", 2013), another microphone an offset, and
what a noise hides a band or a moment at its mean (Park et al., "SpecAugment", 2019). All of it
together is one small matrix and an offset for each utterance, so it costs next to nothing.

`F` frames, `C` coefficients, and as many filters; `P` points of the spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import ConfigurationError
from arqon_maestro.speech_engine.acoustic.mfcc import Mfcc, mel
from arqon_maestro.speech_engine.acoustic.mfcc_options import MfccOptions

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class PerturbationRanges:
    """How far features stray.

    Attributes:
        warp: highest natural logarithm of the factor that frequencies are multiplied by.
        bends: standard deviations, in filters, of the cosines by which single formants move beside
            that: of half a turn over the whole band, of one, and so on.
        channel: standard deviations, in natural logarithms of power, of the cosines that make up
            the microphone's response, in the same order.
        band_share: of utterances with a band that is hidden.
        widest_band: of hidden filters.
        gap_share: of utterances with a moment that is hidden.
        longest_gap: of hidden frames.
    """

    warp: float = 0.2
    bends: tuple[float, ...] = (0.5, 0.35, 0.25)
    channel: tuple[float, ...] = (0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.2, 0.2)
    band_share: float = 0.4
    widest_band: int = 6
    gap_share: float = 0.4
    longest_gap: int = 8


class Perturbation:
    """Draws perturbations of features that were made with some options.

    Args:
        options: of the features.
        ranges: see `PerturbationRanges`.

    Raises:
        ConfigurationError: features that cannot be turned back into a spectrum.
    """

    def __init__(self, options: MfccOptions, ranges: PerturbationRanges) -> None:
        if options.num_ceps != options.num_mel_bins or options.use_energy or options.htk_compat:
            raise ConfigurationError(
                "features that cannot be perturbed",
                why="as many coefficients as filters are wanted, and no energy among them",
            )
        self.ranges = ranges
        self._to_features: Matrix = Mfcc(options).transform.astype(np.float64)
        self._to_spectrum: Matrix = np.asarray(np.linalg.inv(self._to_features), np.float64)
        low, high = (float(mel(edge)) for edge in options.band_hz)
        self._first_mel = low
        self._mels = (high - low) / (options.num_mel_bins + 1)
        places = np.arange(options.num_mel_bins)
        self._hertz: Matrix = np.asarray(
            700.0 * np.expm1((low + self._mels * (places + 1)) / 1127.0), np.float64
        )
        turns = np.pi * (places + 0.5) / options.num_mel_bins
        rows = max(len(ranges.bends), len(ranges.channel))
        self._cosines = np.cos(np.arange(1, rows + 1)[:, None] * turns)

    def warped(self, log_factor: float, bends: NDArray[np.float64]) -> Matrix:
        """Returns the matrix `(P, P)` from a spectrum (a column) to that of another throat.

        Args:
            log_factor: natural logarithm of what frequencies are multiplied by.
            bends: amplitudes of the cosines that are added to the place, in filters.
        """
        count = len(self._hertz)
        place = (mel(self._hertz / np.exp(log_factor)) - self._first_mel) / self._mels - 1
        place += bends @ self._cosines[: len(bends)]
        place = np.clip(place, 0, count - 1)
        left = np.minimum(place.astype(np.int64), count - 2)
        share = place - left
        matrix = np.zeros((count, count))
        matrix[np.arange(count), left] = 1 - share
        matrix[np.arange(count), left + 1] = share
        return matrix

    def apply(self, features: NDArray[np.floating], chooser: np.random.Generator) -> Floats:
        """Returns features `(F, C)` as another throat and microphone would give them.

        Args:
            features: `(F, C)`.
            chooser: draws the lots.
        """
        ranges = self.ranges
        log_factor = chooser.uniform(-ranges.warp, ranges.warp)
        bends = np.array(ranges.bends) * chooser.standard_normal(len(ranges.bends))
        channel = np.array(ranges.channel) * chooser.standard_normal(len(ranges.channel))
        matrix = self._to_features.T @ self.warped(log_factor, bends) @ self._to_spectrum.T
        offset = (channel @ self._cosines[: len(channel)]) @ self._to_features
        made = features.astype(np.float64) @ matrix.T + offset
        if chooser.random() < ranges.band_share:
            self._hide_band(made, chooser)
        if chooser.random() < ranges.gap_share:
            length = min(len(made), int(chooser.integers(1, ranges.longest_gap + 1)))
            start = int(chooser.integers(0, len(made) - length + 1))
            made[start : start + length] = made.mean(axis=0)
        return made.astype(np.float32)

    def _hide_band(self, features: Matrix, chooser: np.random.Generator) -> None:
        """Sets some filters that lie together to their means."""
        width = int(chooser.integers(1, self.ranges.widest_band + 1))
        start = int(chooser.integers(0, len(self._hertz) - width + 1))
        band = slice(start, start + width)
        spectrum = features @ self._to_spectrum[:, band]
        features += (spectrum.mean(axis=0) - spectrum) @ self._to_features[band]
