"""I-vectors, which tell a network who speaks and how it sounds, estimated as features come in.

Sources: Kaldi's ``online2/online-ivector-feature``; Dehak et al., "Front-end factor analysis for
speaker verification", 2011. `F` frames, `C` coefficients, `L` columns after splicing and linear
discriminant analysis, `G` Gaussians, `V` columns of an i-vector.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.acoustic.cmvn import OnlineCmvn
from arqon_maestro.speech_engine.acoustic.ivector_extractor import (
    Array,
    IvectorExtractor,
    IvectorOptions,
)

_HIGHEST_MIN_POST = 0.99
_RECOMPUTED_AT = 0.01


def select_gaussians(log_likelihoods: Array, options: IvectorOptions) -> Array:
    """Returns posteriors `(F, G)` of the likeliest Gaussians, zero for the others.

    Args:
        log_likelihoods: `(F, G)`.
        options: how many Gaussians of a frame count, and how probable they are at least.
    """
    peaks = log_likelihoods.max(axis=1, keepdims=True)
    likelihoods = np.exp(log_likelihoods - peaks)
    least = min(options.min_post, _HIGHEST_MIN_POST)
    if least:
        likelihoods[likelihoods <= least] = 0.0
    count = likelihoods.shape[1]
    if count > options.num_gselect:
        places = np.argpartition(likelihoods, count - options.num_gselect, axis=1)
        np.put_along_axis(likelihoods, places[:, : count - options.num_gselect], 0.0, axis=1)
    total = likelihoods.sum(axis=1, keepdims=True)
    likelihoods[(likelihoods < least * total) & (likelihoods < 1.0)] = 0.0
    return np.asarray(likelihoods / likelihoods.sum(axis=1, keepdims=True))


class OnlineIvector:
    """Estimates the i-vector of an utterance, of all its frames so far.

    Args:
        extractor: the model.
    """

    def __init__(self, extractor: IvectorExtractor) -> None:
        self.extractor = extractor
        size = extractor.dim
        self._linear = np.zeros(size)
        self._linear[0] = extractor.model.prior_offset
        self._quadratic = np.eye(size)
        self._count = 0.0
        self._current = np.zeros(size)
        self._current[0] = extractor.model.prior_offset
        self._cmvn = OnlineCmvn(extractor.cmvn, extractor.statistics)
        self._raw = np.zeros((0, extractor.feature_dim))
        self._normalised = np.zeros((0, extractor.feature_dim))
        self._first = 0
        self._done = 0
        self._ended = False

    def accept(self, features: NDArray[np.floating], *, last: bool = False) -> None:
        """Takes the next frames `(F, C)`.

        Raises:
            DataError: another number of columns.
        """
        self._normalised = np.concatenate([self._normalised, self._cmvn.accept(features)])
        self._raw = np.concatenate([self._raw, features.astype(np.float64)])
        self._ended = self._ended or last

    @property
    def ready(self) -> int:
        """Frames whose splice is complete."""
        frames = self._first + len(self._raw)
        return frames if self._ended else max(0, frames - self.extractor.splice.right_context)

    def estimate(self, until: int | None = None) -> NDArray[np.float32]:
        """Returns the i-vector `(V,)`, whose first column has its prior mean taken away.

        Args:
            until: frames that count, at most [default: all that are ready].
        """
        stop = self.ready if until is None else min(until, self.ready)
        if stop > self._done:
            self._accumulate(stop)
            self._solve()
        ivector = self._current.copy()
        if not self._count:
            ivector[:] = 0.0
            ivector[0] = self.extractor.model.prior_offset
        ivector[0] -= self.extractor.model.prior_offset
        return ivector.astype(np.float32)

    def _spliced(self, frames: Array, stop: int) -> Array:
        splice = self.extractor.splice
        steps = np.arange(-splice.left_context, splice.right_context + 1)
        times = np.arange(self._done, stop)[:, None] + steps
        rows = np.clip(times, 0, self._first + len(frames) - 1) - self._first
        spliced = frames[rows].reshape(stop - self._done, -1)
        transform = self.extractor.transform
        result = spliced @ transform[:, : spliced.shape[1]].T
        if transform.shape[1] > spliced.shape[1]:
            result = result + transform[:, -1]
        # Single precision, as Kaldi's features are.
        return np.asarray(result.astype(np.float32), np.float64)

    def _accumulate(self, stop: int) -> None:
        options, model = self.extractor.options, self.extractor.model
        normalised = self._spliced(self._normalised, stop)
        posteriors = select_gaussians(
            self.extractor.background.log_likelihoods(normalised), options
        )
        posteriors *= options.posterior_scale
        features = normalised if options.online_cmvn_iextractor else self._spliced(self._raw, stop)
        counts = posteriors.sum(axis=0)
        used = np.flatnonzero(counts)
        sums = posteriors[:, used].T @ features
        self._linear += np.einsum("gl,glv->v", sums, model.linear[used])
        self._quadratic += (counts[used] @ model.quadratic[used]).reshape(self._quadratic.shape)
        before, self._count = self._count, self._count + float(counts.sum())
        if options.max_count:
            # Statistics beyond the limit are scaled down by scaling the prior up.
            change = (
                max(self._count, options.max_count) - max(before, options.max_count)
            ) / options.max_count
            self._linear[0] += model.prior_offset * change
            self._quadratic += change * np.eye(len(self._linear))
        self._done = stop
        kept = max(self._first, stop - self.extractor.splice.left_context)
        self._raw = self._raw[kept - self._first :]
        self._normalised = self._normalised[kept - self._first :]
        self._first = kept

    def _solve(self) -> None:
        """Conjugate gradients from the last estimate, as many steps as Kaldi takes."""
        quadratic, linear, estimate = self._quadratic, self._linear, self._current
        if estimate[0] == 0.0:
            estimate[0] = self.extractor.model.prior_offset
        residual = quadratic @ estimate - linear
        direction = -residual
        first = square = recomputed = float(residual @ residual)
        for _ in range(self.extractor.options.num_cg_iters):
            if square <= np.finfo(np.float64).tiny:
                break
            step = quadratic @ direction
            length = square / float(direction @ step)
            estimate += length * direction
            residual += length * step
            following = float(residual @ residual)
            if following / recomputed < _RECOMPUTED_AT:
                residual = quadratic @ estimate - linear
                following = recomputed = float(residual @ residual)
            direction = following / square * direction - residual
            square = following
        if square > first:
            estimate[:] = np.linalg.solve(quadratic, linear)
