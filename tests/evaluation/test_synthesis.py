"""Speaking fresh text, with a program that stands in for flite."""

import numpy as np
import pytest
import soundfile

from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.evaluation.speech import read_spoken_commands
from arqon_maestro.evaluation.synthesis import speak, speak_sentences
from arqon_maestro.speech_engine.audio import read_audio


@pytest.fixture
def flite(tmp_path, monkeypatch):
    """Installs a flite that always says the same half second between two silences."""
    signal = np.zeros(32000, np.int16)
    signal[8000:16000] = 1000
    soundfile.write(tmp_path / "said.wav", signal, 16000)
    program = tmp_path / "flite"

    def install(script):
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    install(f'test "$3" = -t && /bin/cp {tmp_path}/said.wav "$6"')
    monkeypatch.setenv("PATH", str(tmp_path))
    return install


def test_speech_is_trimmed_with_a_little_silence_left(flite):
    samples = speak("go to line two", "slt")
    assert len(samples) == pytest.approx(8000 + 2 * 1600, abs=2)
    assert samples[0] == samples[-1] == 0


def test_folder_of_spoken_sentences_can_be_evaluated(flite, tmp_path):
    folder = tmp_path / "spoken"
    folder.mkdir()
    speak_sentences(["go to line two", "undo", "redo"], folder, voices=("slt", "rms"))
    commands = read_spoken_commands(folder)
    assert [command.transcript for command in commands] == ["go to line two", "undo", "redo"]
    assert [command.voice for command in commands] == ["slt", "rms", "slt"]
    assert len(read_audio(commands[0].audio)) > 8000


def test_no_flite(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPartError, match="apt-get install flite"):
        speak("undo", "slt")


def test_flite_that_fails(flite):
    flite("echo no such voice >&2; exit 1")
    with pytest.raises(WorkFailedError, match="no such voice"):
        speak("undo", "nobody")


def test_flite_that_says_nothing(flite, tmp_path):
    soundfile.write(tmp_path / "said.wav", np.zeros(1000, np.int16), 16000)
    with pytest.raises(DataError, match="said nothing"):
        speak("", "slt")


def test_nothing_to_speak(tmp_path):
    with pytest.raises(DataError, match="no sentence"):
        speak_sentences([], tmp_path)
