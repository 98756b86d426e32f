"""Recognises speech with a decoding graph; and opens whichever speech engine a folder holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from arqon_maestro.errors import UsageError
from arqon_maestro.speech_engine.audio import Samples, read_audio
from arqon_maestro.speech_engine.decoder.engine import GraphEngine
from arqon_maestro.speech_engine.decoder.search import BeamSettings
from arqon_maestro.speech_engine.recognizer import (
    Recognizer,
    Transcript,
    checked_samples,
    distinct_transcripts,
    is_audible,
)

GRAPH_FILE = "graph/HCLG.fst"
#: Samples are given to the search in pieces of this length, as a microphone gives them.
CHUNK_S = 0.5


class GraphRecognizer:
    """A speech engine with a Kaldi decoding graph, loaded.

    Args:
        folder: see `GraphEngine`.
        settings: limits of the search.
        rescore: see `GraphEngine`.

    Attributes:
        takes_hints: whether words can be heard that it does not know.
    """

    takes_hints = True

    def __init__(
        self, folder: Path, settings: BeamSettings | None = None, *, rescore: bool = True
    ) -> None:
        self.engine = GraphEngine(folder, settings, rescore=rescore)

    @property
    def words(self) -> Mapping[str, int]:
        """The words of the graph, and their numbers."""
        return self.engine.words

    def transcribe(
        self, audio: Samples | Path, n_best: int = 10, hints: Iterable[str] = ()
    ) -> list[Transcript]:
        """Transcribes one utterance.

        Args:
            audio: samples `(T,)`, int16 at 16 kHz, or a file of any rate.
            n_best: transcripts wanted at most.
            hints: words that may be said though the graph does not have them.

        Returns:
            Distinct transcripts, best first; none if nothing could be heard. The acoustic cost
            holds all but the language model's.

        Raises:
            MissingPartError: no such file.
            DataError: audio that cannot be used.
            UsageError: `n_best` below 1.
        """
        if n_best < 1:
            raise UsageError(f"n_best is {n_best}, at least 1 wanted")
        samples = read_audio(audio) if isinstance(audio, Path) else checked_samples(audio)
        if not is_audible(samples):
            return []
        utterance = self.engine.utterance(hints)
        pieces = -(-samples.size // round(CHUNK_S * self.engine.acoustic.sample_rate_hz))
        for piece in np.array_split(samples, pieces):
            utterance.accept(piece)
        return list(islice(distinct_transcripts(utterance.finish(n_best)), n_best))


def open_recognizer(folder: Path) -> Recognizer | GraphRecognizer:
    """Loads the speech engine in a folder: with a decoding graph, or for pocketsphinx.

    Raises:
        MissingPartError: a file is missing, or there is no speech engine.
        ConfigurationError: settings that cannot be used.
        DataError: a file that cannot be used.
    """
    if (folder / GRAPH_FILE).is_file():
        return GraphRecognizer(folder)
    return Recognizer(folder)
