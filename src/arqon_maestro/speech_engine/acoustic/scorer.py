"""From samples to the scores of pdfs, as they come in: features, i-vectors, network.

`N` samples, `T` outputs, `D` pdfs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.acoustic.ivectors import OnlineIvector
from arqon_maestro.speech_engine.acoustic.kaldi_bundle import KaldiBundle
from arqon_maestro.speech_engine.acoustic.mfcc import Mfcc, MfccStream
from arqon_maestro.speech_engine.acoustic.nnet3.components import Floats
from arqon_maestro.speech_engine.acoustic.nnet3.computation import Stream, context, time_multiple
from arqon_maestro.speech_engine.acoustic.nnet3.network import IVECTOR
from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ

#: Frames of features that have an i-vector in common, at least, as in Kaldi's looped computation.
FRAMES_PER_CHUNK = 20


class Scorer:
    """Scores the pdfs of one utterance.

    The scores are the same however the samples come in. I-vectors are renewed as Kaldi's online
    decoding does: each chunk of frames has that of all frames which the chunk and its right context
    need.

    Args:
        bundle: the acoustic model.
        seed: of the dither's noise.

    Raises:
        DataError: a model for audio of another rate than this program's.
    """

    def __init__(self, bundle: KaldiBundle, *, seed: int = 0) -> None:
        if bundle.sample_rate_hz != SAMPLE_RATE_HZ:
            raise DataError(
                f"an acoustic model for audio at {bundle.sample_rate_hz} Hz",
                where=bundle.folder,
                why=f"audio is brought to {SAMPLE_RATE_HZ} Hz here",
                remedy=f"take a model of {SAMPLE_RATE_HZ} Hz",
            )
        self.bundle = bundle
        self._mfcc = MfccStream(Mfcc(bundle.mfcc, seed=seed))
        self._extractor = None if bundle.ivectors is None else OnlineIvector(bundle.ivectors)
        network, period = bundle.model.network, 0
        if self._extractor is not None:
            multiple = int(np.lcm(time_multiple(network), bundle.subsampling))
            period = -(-FRAMES_PER_CHUNK // multiple) * multiple
        self._stream = Stream(network, bundle.subsampling, ivector_period=period)
        self._ivector_right = context(network, source=IVECTOR)[1] if period else 0
        self._given = 0
        self._chunk = 0
        priors = bundle.model.priors
        self._log_priors = np.log(priors) if len(priors) else None

    @property
    def outputs(self) -> int:
        """Outputs returned so far."""
        return self._stream.outputs

    def accept(self, samples: NDArray[np.generic]) -> Floats:
        """Takes samples `(N,)` on the scale of int16, at 16 kHz.

        Returns:
            Log-likelihoods, up to a constant for each frame, `(T, D)`, that are known now.

        Raises:
            DataError: samples that cannot be used.
        """
        return self._advance(self._mfcc.accept(samples), last=False)

    def finish(self) -> Floats:
        """Ends the utterance and returns what is left, `(T, D)`."""
        return self._advance(self._mfcc.finish(), last=True)

    def _advance(self, features: Floats, *, last: bool) -> Floats:
        self._stream.accept(features, last=last)
        if self._extractor is not None and self.bundle.ivectors is not None:
            self._extractor.accept(features, last=last)
            self._renew(self.bundle.ivectors.splice.right_context, last)
        scores = self._stream.compute()
        return scores if self._log_priors is None else scores - self._log_priors

    def _renew(self, splice: int, last: bool) -> None:
        """Estimates the i-vectors of the chunks whose frames are all there."""
        assert self._extractor is not None
        period, frames = self._stream.ivector_period, self._stream.frames
        while frames:
            stop = (self._chunk + 1) * period
            needed = stop + self._stream.right
            if needed > frames and not (last and self._chunk * period < frames):
                return
            # The splice of the last of these frames reaches over the end.
            until = needed - splice if needed <= frames else frames
            ivector = self._extractor.estimate(max(1, until))
            # What the chunk's hidden values take: of the next period too, in the right context.
            count = (stop - 1 + self._ivector_right) // period + 1
            while self._given < count:
                self._stream.accept_ivector(ivector)
                self._given += 1
            self._chunk += 1


def score(bundle: KaldiBundle, samples: NDArray[np.generic], *, seed: int = 0) -> Floats:
    """Returns the log-likelihoods, up to a constant for each frame, `(T, D)` of an utterance.

    Args:
        bundle: the acoustic model.
        samples: `(N,)` on the scale of int16, at 16 kHz.
        seed: of the dither's noise.
    """
    scorer = Scorer(bundle, seed=seed)
    return np.concatenate([scorer.accept(samples), scorer.finish()])
