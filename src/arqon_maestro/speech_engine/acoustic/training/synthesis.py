"""Speech of the synthesisers flite and espeak-ng, which must be installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.speech_engine.acoustic.training.distortion import stretch
from arqon_maestro.speech_engine.acoustic.training.utterances import Program, Synthetic
from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ, Samples, to_samples
from arqon_maestro.speech_engine.lexicon.pronunciations import is_spelled, unspelled

PROGRAMS: tuple[Program, ...] = ("flite", "espeak-ng")
_TIMEOUT_S = 60.0
#: Words a minute of espeak-ng at its own speed, and the least it takes.
_ESPEAK_WORDS_PER_MINUTE = 160
_ESPEAK_SLOWEST = 80
#: The letter that espeak-ng takes for an article, written as it says the letter's name.
_ESPEAK_LETTER_A = "eh"
_ARTICLES = ("a", "i")


def require_synthesisers() -> None:
    """Checks that both synthesisers are installed.

    Raises:
        MissingPartError: one is not.
    """
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise MissingPartError(
            f"speech synthesisers that are not installed: {', '.join(missing)}",
            remedy=f"apt-get install {' '.join(missing)}, or train on recordings (--recordings)",
        )


def spoken_form(words: Sequence[str], program: Program) -> str:
    """Returns what a synthesiser is given for a transcript: letters, where it says letters.

    >>> spoken_form(["insert", "x", "sql(spell)"], "flite")
    'insert X S Q L'
    """
    spoken: list[str] = []
    for word in words:
        plain = unspelled(word)
        if is_spelled(word) or (len(plain) == 1 and plain not in _ARTICLES):
            letters = list(plain.upper())
            if program == "espeak-ng":
                letters = [_ESPEAK_LETTER_A if letter == "A" else letter for letter in letters]
            spoken += letters
        else:
            spoken.append(plain)
    return " ".join(spoken)


def synthesize(words: Sequence[str], source: Synthetic) -> Samples:
    """Returns samples `(T,)`, int16 at 16 kHz, of a transcript.

    Raises:
        MissingPartError: the synthesiser is not installed.
        WorkFailedError: it failed, or took too long.
        DataError: it said nothing.
    """
    import soundfile

    text = spoken_form(words, source.program)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        try:
            done = subprocess.run(
                _command(source, text, path), capture_output=True, timeout=_TIMEOUT_S, check=False
            )
        except FileNotFoundError:
            raise MissingPartError(
                f"the speech synthesiser {source.program} is not installed",
                remedy=f"apt-get install {source.program}",
            ) from None
        except subprocess.TimeoutExpired:
            raise WorkFailedError(
                f"{source.program} took more than {_TIMEOUT_S:g} s", where=text
            ) from None
        message = done.stderr.decode("utf-8", "replace").strip()
        # flite goes on with another voice where it lacks one, and says so.
        if done.returncode or not path.is_file() or "not found" in message:
            raise WorkFailedError(
                f"{source.program} failed", where=f"{source.voice}: {text}", why=message
            )
        signal, rate_hz = soundfile.read(path, dtype="float64")
    if not len(signal):
        raise DataError(f"{source.program} said nothing", where=text)
    length = round(len(signal) * SAMPLE_RATE_HZ / rate_hz)
    samples = to_samples(stretch(signal, length).astype(np.float32))
    if not samples.any():
        raise DataError(f"{source.program} said nothing", where=text)
    return samples


def _command(source: Synthetic, text: str, path: Path) -> list[str]:
    if source.program == "flite":
        return [
            *("flite", "-voice", source.voice),
            *("--setf", f"duration_stretch={1 / source.rate:.4f}"),
            *("--setf", f"int_f0_target_mean={source.pitch:g}"),
            *("-t", text, "-o", str(path)),
        ]
    speed = max(_ESPEAK_SLOWEST, round(_ESPEAK_WORDS_PER_MINUTE * source.rate))
    return [
        *("espeak-ng", "-v", source.voice, "-s", str(speed)),
        *("-p", str(round(source.pitch)), "-w", str(path), text),
    ]
