"""Recognises speech with an exported speech engine: audio to the n best transcripts.

pocketsphinx makes a word lattice with the search language model; its paths are then ranked under
the rescoring model, of higher order, by `nbest`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from arqon_maestro.errors import DataError, MissingPartError, UsageError
from arqon_maestro.speech_engine.acoustic.bundle import require_decoder, resolve_bundle
from arqon_maestro.speech_engine.audio import LONGEST_S, SAMPLE_RATE_HZ, Samples, read_audio
from arqon_maestro.speech_engine.export import (
    DICTIONARY_FILE,
    RESCORING_MODEL_FILE,
    SEARCH_MODEL_FILE,
)
from arqon_maestro.speech_engine.lattice import Lattice, read_lattice
from arqon_maestro.speech_engine.nbest import Hypothesis
from arqon_maestro.speech_engine.nbest import n_best as find_best
from arqon_maestro.speech_engine.ngram.model import NgramModel
from arqon_maestro.speech_engine.settings import read_settings
from arqon_maestro.speech_engine.transcripts import transcript_of

#: Shorter audio holds no word, and gives pocketsphinx no lattice.
_SHORTEST_S = 0.05
#: Distinct word sequences looked at for each transcript wanted: several may read the same.
SEQUENCES_PER_TRANSCRIPT = 20


@dataclass(frozen=True)
class Transcript:
    """What may have been said.

    Attributes:
        transcript: words, without fillers; spelled letters joined.
        cost: `acoustic_cost` + `language_model_cost`; natural log, lower is better.
        acoustic_cost: minus log-likelihood, scaled to the language model's, relative to the best
            sound of each frame.
        language_model_cost: minus log-probability under the rescoring model.
    """

    transcript: str
    cost: float
    acoustic_cost: float
    language_model_cost: float


class Recognizer:
    """An exported speech engine, loaded.

    Attributes:
        takes_hints: whether words can be heard that it does not know.
    """

    takes_hints = False

    def __init__(self, folder: Path) -> None:
        """Loads a speech engine.

        Args:
            folder: what `export_speech_engine` made.

        Raises:
            MissingPartError: a file is missing, or no decoder for its acoustic model.
            ConfigurationError: settings that cannot be used.
            DataError: a file that cannot be used.
        """
        if not folder.is_dir():
            raise MissingPartError(
                "no speech engine here", where=folder, remedy="maestro speech-engine export"
            )
        settings = read_settings(folder)
        bundle = resolve_bundle(settings.acoustic_model, folder)
        require_decoder(bundle)
        for name in (DICTIONARY_FILE, SEARCH_MODEL_FILE, RESCORING_MODEL_FILE):
            if not (folder / name).is_file():
                raise MissingPartError(
                    "a speech engine with a file missing",
                    where=folder / name,
                    remedy="maestro speech-engine export",
                )
        self._search = settings.lattice_search.search()
        self._model = NgramModel.read(folder / RESCORING_MODEL_FILE)
        self._decoder = _decoder(folder, bundle.folder, settings.decoder.options())

    @property
    def words(self) -> Mapping[str, int]:
        """The words that can be recognised, and their ids in the rescoring model."""
        return self._model.word_ids

    def transcribe(
        self, audio: Samples | Path, n_best: int = 10, hints: Iterable[str] = ()
    ) -> list[Transcript]:
        """Transcribes one utterance.

        Args:
            audio: samples `(T,)`, int16 at 16 kHz, or a file of any rate.
            n_best: transcripts wanted at most.
            hints: none, unless all are words of the vocabulary: pocketsphinx takes no others.

        Returns:
            Distinct transcripts, best first; none if nothing could be heard.

        Raises:
            MissingPartError: no such file.
            DataError: audio that cannot be used.
            UsageError: `n_best` below 1, or a hint.
        """
        if n_best < 1:
            raise UsageError(f"n_best is {n_best}, at least 1 wanted")
        strange = [word for word in hints if word not in self.words]
        if strange:
            raise UsageError(
                f"a hint, {strange[0]!r}, for a speech engine without a decoding graph",
                why="the embedded acoustic model's decoder takes none",
                remedy="maestro speech-engine train-acoustic, or maestro lexicon add",
            )
        samples = read_audio(audio) if isinstance(audio, Path) else checked_samples(audio)
        lattice = self._lattice(samples)
        if lattice is None:
            return []
        sequences = islice(
            find_best(lattice, self._model, self._search), n_best * SEQUENCES_PER_TRANSCRIPT
        )
        return list(islice(distinct_transcripts(sequences), n_best))

    def _lattice(self, samples: Samples) -> Lattice | None:
        if not is_audible(samples):
            return None
        decoder = self._decoder
        # The noise tracker would remember the utterance before, and costs depend on the order.
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(samples.astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        lattice = decoder.get_lattice()
        if lattice is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "lattice.txt"
            lattice.write(str(path))
            return read_lattice(path.read_text(encoding="utf-8").splitlines())


def distinct_transcripts(hypotheses: Iterable[Hypothesis]) -> Iterator[Transcript]:
    """Yields the transcripts of word sequences, each text once, in their order."""
    found: set[str] = set()
    for hypothesis in hypotheses:
        text = transcript_of(hypothesis.words)
        if text not in found:
            found.add(text)
            yield Transcript(
                text, hypothesis.cost, hypothesis.acoustic_cost, hypothesis.language_model_cost
            )


def is_audible(samples: Samples) -> bool:
    """Returns whether there is anything to hear, long enough for a word.

    Digital silence has no spectrum to compare: any word would do.
    """
    return len(samples) >= _SHORTEST_S * SAMPLE_RATE_HZ and bool(samples.any())


def checked_samples(samples: Samples) -> Samples:
    """Returns samples as they are.

    Raises:
        DataError: not int16 of shape `(T,)`, or too long.
    """
    if samples.ndim != 1 or samples.dtype != np.int16:
        raise DataError(
            f"samples {samples.dtype} of shape {samples.shape}", why="int16 of shape (T,) wanted"
        )
    if len(samples) > LONGEST_S * SAMPLE_RATE_HZ:
        raise DataError(f"more than {LONGEST_S:g} s of audio")
    return samples


def _decoder(folder: Path, acoustic_model: Path, options: dict[str, Any]) -> Any:
    from pocketsphinx import Decoder

    try:
        return Decoder(
            hmm=str(acoustic_model),
            dict=str(folder / DICTIONARY_FILE),
            lm=str(folder / SEARCH_MODEL_FILE),
            samprate=SAMPLE_RATE_HZ,
            loglevel="FATAL",
            **options,
        )
    except (RuntimeError, ValueError) as error:
        raise DataError(
            "a speech engine that cannot be loaded", where=folder, why=str(error)
        ) from None
