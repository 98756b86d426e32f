"""From samples to the scores of pdfs, piece by piece: features, i-vectors, network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.acoustic.mfcc import Mfcc, MfccStream
from arqon_maestro.speech_engine.acoustic.model import AcousticModel
from arqon_maestro.speech_engine.acoustic.nnet3.computation import Stream
from arqon_maestro.speech_engine.audio import Samples

#: Frames of features to one of scores, in chain models.
FRAME_SUBSAMPLING = 3

Scores = NDArray[np.float32]


class IvectorStream(Protocol):
    """Estimates i-vectors while features come."""

    @property
    def period(self) -> int:
        """Frames of features that have an i-vector in common."""

    def accept(self, features: Scores, *, last: bool = False) -> list[Scores]:
        """Takes features `(F, C)`, and returns the i-vectors `(V,)` that are known by then."""


class ScoreStream:
    """The scores of one utterance.

    Args:
        model: the acoustic model.
        mfcc: its features.
        ivectors: makes an estimator for a model that takes i-vectors.
        subsampling: frames of features to one of scores.

    Raises:
        DataError: the model's input is not what the features are.
    """

    def __init__(
        self,
        model: AcousticModel,
        mfcc: Mfcc,
        ivectors: Callable[[], IvectorStream] | None = None,
        subsampling: int = FRAME_SUBSAMPLING,
    ) -> None:
        if model.network.feature_dim != mfcc.dim:
            raise DataError(
                f"an acoustic model that takes {model.network.feature_dim} coefficients",
                why=f"the features are of {mfcc.dim}",
                remedy="look into conf/mfcc.conf",
            )
        if model.network.ivector_dim and ivectors is None:
            raise DataError("an acoustic model with i-vectors", why="it comes without an extractor")
        self._features = MfccStream(mfcc)
        self._ivectors = ivectors() if model.network.ivector_dim and ivectors else None
        period = self._ivectors.period if self._ivectors is not None else 0
        self._network = Stream(model.network, subsampling, ivector_period=period)
        self._log_priors = np.log(model.priors) if model.priors.size else np.float32(0)

    def accept(self, samples: Samples) -> Scores:
        """Takes samples `(T,)`, and returns the scores `(F, P)` that are known by then."""
        return self._go_on(self._features.accept(samples), last=False)

    def finish(self) -> Scores:
        """Returns the scores `(F, P)` that were waiting for more samples."""
        return self._go_on(self._features.finish(), last=True)

    def _go_on(self, features: Scores, *, last: bool) -> Scores:
        if self._ivectors is not None:
            for ivector in self._ivectors.accept(features, last=last):
                self._network.accept_ivector(ivector)
        self._network.accept(features, last=last)
        scores: Scores = (self._network.compute() - self._log_priors).astype(np.float32)
        return scores
