"""Normalisation of means and variances as features come in.

Source: Kaldi's ``feat/online-feature`` (`OnlineCmvn`). `F` frames, `C` coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import ConfigurationError, DataError
from arqon_maestro.speech_engine.acoustic.matrix_file import read_matrix
from arqon_maestro.speech_engine.acoustic.options import parse_options, read_options

Statistics = NDArray[np.float64]
#: Options of Kaldi that only say how it computes.
_IGNORED = frozenset({"modulus", "ring-buffer-size", "verbose"})
_SMALLEST_VARIANCE = 1e-20


@dataclass(frozen=True)
class CmvnOptions:
    """Options of ``online_cmvn.conf``, under Kaldi's names and with its defaults.

    Attributes:
        cmn_window: latest frames that count.
        speaker_frames: frames of the speaker's earlier utterances that fill a short window.
        global_frames: frames of the global statistics that fill what is left.
        norm_means: make means zero; without it nothing is done.
        norm_vars: make variances one.
        skip_dims: columns left alone, as ``1:2:3``.
    """

    cmn_window: int = 600
    speaker_frames: int = 600
    global_frames: int = 200
    norm_means: bool = True
    norm_vars: bool = False
    skip_dims: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.global_frames <= self.cmn_window or self.cmn_window < 1:
            raise ConfigurationError(
                f"--cmn-window={self.cmn_window} with --global-frames={self.global_frames}"
                " cannot be used",
                why="the window is at least as long",
            )
        if self.norm_vars and not self.norm_means:
            raise ConfigurationError("--norm-vars=true cannot be used with --norm-means=false")

    @property
    def skipped(self) -> tuple[int, ...]:
        """Columns left alone."""
        try:
            return tuple(int(part) for part in self.skip_dims.replace(",", ":").split(":") if part)
        except ValueError:
            raise ConfigurationError(f"--skip-dims={self.skip_dims} is no list") from None


def read_cmvn_options(path: Path) -> CmvnOptions:
    """Reads ``online_cmvn.conf``.

    Raises:
        MissingPartError: no such file.
        ConfigurationError: an unknown option, or values that cannot be used.
    """
    try:
        return parse_options(CmvnOptions, read_options(path), path, _IGNORED)
    except ConfigurationError as error:
        raise ConfigurationError(error.what, where=error.where or path, why=error.why) from None


def read_statistics(path: Path) -> Statistics:
    """Reads ``global_cmvn.stats``: `(2, C + 1)`, sums and their count, sums of squares.

    Raises:
        MissingPartError: no such file.
        DataError: no such statistics, or of no frame.
    """
    statistics = read_matrix(path)
    if statistics.shape[0] != 2 or statistics.shape[1] < 2:
        raise DataError(
            f"statistics of shape {statistics.shape}", where=path, why="two rows wanted"
        )
    if statistics[0, -1] <= 0:
        raise DataError("statistics of no frame", where=path)
    return statistics


class OnlineCmvn:
    """Normalises frames by the window that ends with each of them.

    Args:
        options: see `CmvnOptions`.
        statistics: global ones, `(2, C + 1)`.
        speaker: those of the speaker's earlier utterances, `(2, C + 1)`.

    Raises:
        DataError: statistics of another number of columns.
    """

    def __init__(
        self, options: CmvnOptions, statistics: Statistics, speaker: Statistics | None = None
    ) -> None:
        self.options = options
        self.statistics = statistics
        self.speaker = speaker
        if speaker is not None and speaker.shape != statistics.shape:
            raise DataError(f"a speaker's statistics of shape {speaker.shape}")
        # Frames of the window so far, and their sums.
        self._window = np.zeros((0, statistics.shape[1] - 1))
        self._sums = np.zeros_like(statistics)

    @property
    def dim(self) -> int:
        """`C`."""
        return int(self.statistics.shape[1]) - 1

    def accept(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Returns the next frames `(F, C)`, normalised.

        Raises:
            DataError: another number of columns.
        """
        if features.ndim != 2 or features.shape[1] != self.dim:
            raise DataError(
                f"features of shape {features.shape}", why=f"statistics of {self.dim} columns"
            )
        frames = np.concatenate([self._window, features.astype(np.float64)])
        known = len(self._window)
        result = np.empty(features.shape, np.float32)
        for row in range(len(features)):
            newest = frames[known + row]
            self._add(newest, 1.0)
            oldest = known + row - self.options.cmn_window
            if oldest >= 0:
                self._add(frames[oldest], -1.0)
            result[row] = self._apply(newest)
        self._window = frames[max(0, len(frames) - self.options.cmn_window) :]
        return result

    def _add(self, frame: NDArray[np.float64], sign: float) -> None:
        self._sums[0, :-1] += sign * frame
        self._sums[1, :-1] += sign * frame**2
        self._sums[0, -1] += sign

    def _apply(self, frame: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.options.norm_means:
            return frame
        sums = self._smoothed()
        mean = sums[0, :-1] / sums[0, -1]
        scale = np.ones_like(mean)
        if self.options.norm_vars:
            variance = np.maximum(sums[1, :-1] / sums[0, -1] - mean**2, _SMALLEST_VARIANCE)
            scale = 1.0 / np.sqrt(variance)
        for column in self.options.skipped:
            mean[column], scale[column] = 0.0, 1.0
        return np.asarray((frame - mean) * scale)

    def _smoothed(self) -> Statistics:
        """Fills a window that is not full yet from the speaker's, then the global statistics."""
        sums = self._sums.copy()
        sources = [(self.speaker, self.options.speaker_frames, True)]
        sources.append((self.statistics, self.options.global_frames, False))
        for source, most, bounded in sources:
            missing = self.options.cmn_window - sums[0, -1]
            if source is None or missing <= 0 or source[0, -1] <= 0:
                continue
            count = min(missing, float(most), source[0, -1] if bounded else np.inf)
            sums += source * (count / source[0, -1])
        return sums
