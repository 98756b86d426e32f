"""Mel-frequency cepstral coefficients, number for number those of Kaldi's `compute-mfcc-feats`.

Source: Kaldi's documentation of its feature extraction and the definitions it refers to (HTK Book,
chapter 5). A frame: mean removed, pre-emphasis, window, power spectrum, triangular filters on the
mel scale, logarithm, cosine transform, lifter. `T` samples, `F` frames, `W` samples a window, `M`
mel filters, `C` coefficients.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.acoustic.mfcc_options import (
    MfccOptions,
    default_options,
    read_mfcc_options,
    write_mfcc_options,
)

__all__ = [
    "Mfcc",
    "MfccOptions",
    "MfccStream",
    "default_options",
    "mel",
    "read_mfcc_options",
    "write_mfcc_options",
]

Floats = NDArray[np.float32]

_EPSILON = float(np.finfo(np.float32).eps)
#: Povey's window is a Hann window to this power, whose ends reach zero.
_POVEY_POWER = 0.85
#: Frames whose spectra are held at once.
_BLOCK_FRAMES = 4096


def mel(hertz: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """Returns frequencies on the mel scale."""
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0))


class Mfcc:
    """Computes coefficients of samples.

    Args:
        options: see `MfccOptions`.
        seed: of the dither's noise, which depends on the number of the frame and so is the same
            however the audio comes in.
    """

    def __init__(self, options: MfccOptions, *, seed: int = 0) -> None:
        self.options = options
        self.seed = seed

    @property
    def dim(self) -> int:
        """`C`."""
        return self.options.num_ceps

    @cached_property
    def window(self) -> NDArray[np.float64]:
        """The window `(W,)`."""
        options = self.options
        length = options.window_samples
        turn = 2 * np.pi * np.arange(length) / (length - 1)
        match options.window_type:
            case "hanning":
                return 0.5 - 0.5 * np.cos(turn)
            case "hamming":
                return 0.54 - 0.46 * np.cos(turn)
            case "povey":
                return np.asarray((0.5 - 0.5 * np.cos(turn)) ** _POVEY_POWER, np.float64)
            case "sine":
                return np.sin(0.5 * turn)
            case "blackman":
                share = options.blackman_coeff
                return share - 0.5 * np.cos(turn) + (0.5 - share) * np.cos(2 * turn)
        return np.ones(length)

    @cached_property
    def filters(self) -> NDArray[np.float32]:
        """Triangular filters `(padded / 2, M)`; the bin at half the sample frequency has none."""
        options = self.options
        bins = options.padded_samples // 2
        low, high = (float(mel(edge)) for edge in options.band_hz)
        width = (high - low) / (options.num_mel_bins + 1)
        left = low + width * np.arange(options.num_mel_bins)
        centre, right = left + width, left + 2 * width
        place = mel(options.sample_frequency / options.padded_samples * np.arange(bins))[:, None]
        rising = (place - left) / (centre - left)
        falling = (right - place) / (right - centre)
        weights = np.where(place <= centre, rising, falling)
        weights[(place <= left) | (place >= right)] = 0.0
        if options.htk_mode and low > 0:
            weights[np.flatnonzero(weights[:, 0])[:1], 0] = 0.0
        return weights.astype(np.float32)

    @cached_property
    def transform(self) -> NDArray[np.float32]:
        """Cosine transform and lifter `(M, C)`."""
        options = self.options
        orders = np.arange(options.num_ceps)
        angle = np.pi / options.num_mel_bins * (np.arange(options.num_mel_bins) + 0.5)
        matrix = np.sqrt(2.0 / options.num_mel_bins) * np.cos(angle[:, None] * orders)
        matrix[:, 0] = np.sqrt(1.0 / options.num_mel_bins)
        if options.cepstral_lifter:
            period = options.cepstral_lifter
            matrix *= 1.0 + 0.5 * period * np.sin(np.pi * orders / period)
        return np.asarray(matrix, np.float32)

    def frame_count(self, samples: int, *, ended: bool = True) -> int:
        """Returns how many frames `samples` samples have; fewer if more samples may follow."""
        options = self.options
        if options.snip_edges:
            return max(0, 1 + (samples - options.window_samples) // options.shift_samples)
        count = (samples + options.shift_samples // 2) // options.shift_samples
        if not ended:
            # A window that reaches over the end waits for what follows.
            while count and self._start(count - 1) + options.window_samples > samples:
                count -= 1
        return count

    def compute(self, samples: NDArray[np.generic]) -> Floats:
        """Returns the coefficients `(F, C)` of samples `(T,)` on the scale of int16.

        Raises:
            DataError: samples that are not of one channel.
        """
        if samples.ndim != 1:
            raise DataError(f"samples of shape {samples.shape}", why="one channel is wanted")
        return self.frames(samples.astype(np.float64), 0, self.frame_count(len(samples)))

    def frames(self, samples: NDArray[np.float64], first: int, end: int, offset: int = 0) -> Floats:
        """Returns the coefficients `(end - first, C)` of some frames.

        Args:
            samples: `(T,)`, from sample number `offset` to the end of what is known.
            first: number of the first frame.
            end: number of the frame after the last.
            offset: how many samples of the audio are not in `samples` any more.
        """
        features = np.empty((max(0, end - first), self.options.num_ceps), np.float32)
        for start in range(first, end, _BLOCK_FRAMES):
            stop = min(end, start + _BLOCK_FRAMES)
            features[start - first : stop - first] = self._block(samples, start, stop, offset)
        return features

    def _start(self, frame: int) -> int:
        """Returns the number of a window's first sample; may be negative without `snip_edges`."""
        options = self.options
        if options.snip_edges:
            return frame * options.shift_samples
        middle = frame * options.shift_samples + options.shift_samples // 2
        return middle - options.window_samples // 2

    def _block(self, samples: NDArray[np.float64], first: int, end: int, offset: int) -> Floats:
        options = self.options
        starts = np.array([self._start(frame) for frame in range(first, end)])
        places = starts[:, None] + np.arange(options.window_samples)
        total = offset + len(samples)
        while not options.snip_edges and ((places < 0) | (places >= total)).any():
            places = np.where(places < 0, -places - 1, places)
            places = np.where(places >= total, 2 * total - 1 - places, places)
        windows = samples[places - offset]
        if options.dither:
            for row, frame in enumerate(range(first, end)):
                noise = np.random.default_rng((self.seed, frame))
                windows[row] += options.dither * noise.standard_normal(options.window_samples)
        if options.remove_dc_offset:
            windows -= windows.mean(axis=1, keepdims=True)
        energy = (windows**2).sum(axis=1)
        if options.preemphasis_coefficient:
            before = np.concatenate([windows[:, :1], windows[:, :-1]], axis=1)
            windows = windows - options.preemphasis_coefficient * before
        windows = windows * self.window
        if not options.raw_energy:
            energy = (windows**2).sum(axis=1)
        spectrum = np.fft.rfft(windows.astype(np.float32), options.padded_samples)
        power = (spectrum.real**2 + spectrum.imag**2)[:, : options.padded_samples // 2]
        filtered = power.astype(np.float32) @ self.filters
        features: Floats = np.log(np.maximum(filtered, np.float32(_EPSILON))) @ self.transform
        if options.use_energy:
            floor = max(_EPSILON, options.energy_floor)
            features[:, 0] = np.log(np.maximum(energy, floor))
        if options.htk_compat:
            first_one = features[:, 0] * (1.0 if options.use_energy else np.sqrt(2.0))
            features = np.concatenate([features[:, 1:], first_one[:, None]], axis=1)
        return features.astype(np.float32)


class MfccStream:
    """Coefficients of audio that comes in pieces: the same frames as of the whole."""

    def __init__(self, mfcc: Mfcc) -> None:
        self.mfcc = mfcc
        self._samples = np.empty(0)
        self._offset = 0
        self._done = 0
        self._ended = False

    def accept(self, samples: NDArray[np.generic]) -> Floats:
        """Takes samples `(T,)` and returns the frames `(F, C)` that are complete now."""
        self._samples = np.concatenate([self._samples, samples.astype(np.float64)])
        return self._advance()

    def finish(self) -> Floats:
        """Returns the frames `(F, C)` that were waiting for more samples."""
        self._ended = True
        return self._advance()

    def _advance(self) -> Floats:
        total = self._offset + len(self._samples)
        count = max(self._done, self.mfcc.frame_count(total, ended=self._ended))
        features = self.mfcc.frames(self._samples, self._done, count, self._offset)
        self._done = count
        # Samples before the next window, less what a reflection at the end may reach back to.
        kept = max(0, self.mfcc._start(count) - self.mfcc.options.window_samples)
        if kept > self._offset:
            self._samples = self._samples[kept - self._offset :]
            self._offset = kept
        return features
