"""Speaks sentences with flite, where it is installed: audio for text that no fixture has.

The voices are synthetic: people are harder to recognise.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from arqon_maestro.artifacts import atomic_text
from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.evaluation.speech import TRANSCRIPTS_FILE
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ, Samples, read_audio

#: Voices of flite 2.2, all American but for the Scottish ``awb``; ``kal16`` is a diphone voice.
VOICES = ("slt", "rms", "awb", "kal16")
#: Silence kept around the speech: what a microphone's endpointer would leave.
_PADDING_S = 0.1
#: Below this share of the loudest sample a synthetic voice is silent.
_SILENCE_LEVEL = 0.01
#: libsndfile's level of FLAC compression, 0 to 1.
_SMALLEST = 1.0
_TIMEOUT_S = 60.0


def speak(text: str, voice: str) -> Samples:
    """Returns samples `(T,)`, int16 at 16 kHz, of a sentence, trimmed to the speech.

    Raises:
        MissingPartError: flite is not installed.
        WorkFailedError: flite failed.
        DataError: flite said nothing.
    """
    program = shutil.which("flite")
    if program is None:
        raise MissingPartError(
            "the speech synthesiser flite is not installed", remedy="apt-get install flite"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        try:
            done = subprocess.run(
                [program, "-voice", voice, "-t", text, "-o", str(path)],
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise WorkFailedError(f"flite took more than {_TIMEOUT_S:g} s", where=text) from None
        if done.returncode or not path.is_file():
            message = done.stderr.decode("utf-8", "replace").strip()
            raise WorkFailedError("flite failed", where=text, why=message)
        samples = read_audio(path)
    level = np.abs(samples.astype(np.int32))
    loud = np.flatnonzero(level > _SILENCE_LEVEL * level.max())
    if not loud.size:
        raise DataError("flite said nothing", where=text)
    padding = round(_PADDING_S * SAMPLE_RATE_HZ)
    return samples[max(0, int(loud[0]) - padding) : int(loud[-1]) + padding]


def write_speech(path: Path, samples: Samples) -> None:
    """Writes samples `(T,)`, int16 at 16 kHz: as FLAC, or as Opus, a fifth of that, to ``.ogg``."""
    import soundfile

    if path.suffix == ".ogg":
        soundfile.write(path, samples, SAMPLE_RATE_HZ, "OPUS", format="OGG")
        return
    soundfile.write(path, samples, SAMPLE_RATE_HZ, "PCM_16", compression_level=_SMALLEST)


def speak_sentences(
    sentences: Sequence[str],
    folder: Path,
    *,
    voices: Sequence[str] = VOICES,
    reporter: Reporter = SILENT,
) -> None:
    """Makes a folder that `evaluate_recognition` takes: FLAC files and ``transcripts.tsv``.

    Args:
        sentences: what is said; lower case, as the recogniser writes it.
        folder: an existing folder.
        voices: take turns.
        reporter: progress.

    Raises:
        MissingPartError: flite is not installed.
        WorkFailedError: flite failed.
        DataError: no sentence.
    """
    if not sentences:
        raise DataError("no sentence to speak")
    rows = ["file\tvoice\ttranscript\n"]
    with reporter.task("speak", len(sentences), "sentences") as task:
        for number, sentence in enumerate(sentences):
            voice = voices[number % len(voices)]
            name = f"{number + 1:05d}.flac"
            write_speech(folder / name, speak(sentence, voice))
            rows.append(f"{name}\t{voice}\t{sentence}\n")
            task.advance()
    with atomic_text(folder / TRANSCRIPTS_FILE) as stream:
        stream.writelines(rows)
