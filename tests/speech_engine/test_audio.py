"""Reading audio: formats, rates, and everything that is not audio."""

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ, read_audio, resample, to_samples


def tone(frequency_hz, rate_hz, seconds=0.5):
    times = np.arange(round(rate_hz * seconds)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * frequency_hz * times)).astype(np.float32)


def level_db(signal, reference):
    # The edges, where the kernel reaches beyond the signal, are left out.
    inside = slice(len(signal) // 8, -len(signal) // 8)
    power = np.mean(np.square(signal[inside], dtype=np.float64))
    return 10 * np.log10(power / np.mean(np.square(reference, dtype=np.float64)) + 1e-20)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_a_tone_in_the_pass_band_survives_resampling(rate):
    frequency = 0.4 * min(rate, SAMPLE_RATE_HZ) / 2
    resampled = resample(tone(frequency, rate), rate)
    expected = tone(frequency, SAMPLE_RATE_HZ)
    assert abs(len(resampled) - len(expected)) <= 1
    length = min(len(resampled), len(expected))
    inside = slice(length // 8, length - length // 8)
    assert np.abs(resampled[:length] - expected[:length])[inside].max() < 2e-3


@pytest.mark.parametrize(("frequency", "rate"), [(9500, 44100), (12000, 48000), (20000, 48000)])
def test_what_is_above_the_new_band_does_not_come_back_as_an_alias(frequency, rate):
    signal = tone(frequency, rate)
    assert level_db(resample(signal, rate), signal) < -40


@settings(max_examples=20)
@given(rate=st.integers(4000, 50000), length=st.integers(1, 3000))
def test_resampled_length_keeps_the_duration(rate, length):
    signal = np.ones(length, np.float32)
    assert len(resample(signal, rate)) == -(-length * SAMPLE_RATE_HZ // rate)


def test_same_rate_changes_nothing():
    signal = tone(440, SAMPLE_RATE_HZ)
    assert resample(signal, SAMPLE_RATE_HZ) is signal


def test_loud_and_broken_samples_are_clipped():
    samples = to_samples(np.array([2.0, -2.0, np.nan, 0.0, 1 / 32768], np.float32))
    assert samples.dtype == np.int16
    assert samples.tolist() == [32767, -32768, 0, 0, 1]


@pytest.mark.parametrize(
    ("name", "kind"), [("a.wav", "PCM_16"), ("a.flac", "PCM_24"), ("a.wav", "FLOAT")]
)
def test_lossless_formats_give_the_samples_back(tmp_path, name, kind):
    samples = to_samples(tone(300, SAMPLE_RATE_HZ))
    soundfile.write(tmp_path / name, samples / 32768, SAMPLE_RATE_HZ, kind)
    assert np.array_equal(read_audio(tmp_path / name), samples)


def test_channels_are_averaged(tmp_path):
    left = tone(300, SAMPLE_RATE_HZ)
    soundfile.write(tmp_path / "a.wav", np.stack([left, -left], axis=1), SAMPLE_RATE_HZ)
    assert np.abs(read_audio(tmp_path / "a.wav")).max() <= 1


def test_vorbis_is_read(tmp_path):
    signal = tone(300, 44100)
    soundfile.write(tmp_path / "a.ogg", signal, 44100)
    samples = read_audio(tmp_path / "a.ogg")
    assert abs(len(samples) - SAMPLE_RATE_HZ // 2) <= 1
    assert abs(level_db(samples / 32768, signal)) < 0.5


def test_files_that_are_not_audio_are_refused(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF not audio at all")
    with pytest.raises(DataError, match="not an audio file"):
        read_audio(path)
    path.write_bytes(b"")
    with pytest.raises(DataError, match="not an audio file"):
        read_audio(path)
    soundfile.write(path, np.zeros(0, np.int16), SAMPLE_RATE_HZ)
    with pytest.raises(DataError, match="no audio"):
        read_audio(path)
    with pytest.raises(DataError, match="a folder"):
        read_audio(tmp_path)
    with pytest.raises(MissingPartError):
        read_audio(tmp_path / "none.wav")


def test_long_recordings_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros(SAMPLE_RATE_HZ * 3, np.int16), SAMPLE_RATE_HZ)
    with pytest.raises(DataError, match="at most 2 s"):
        read_audio(path, longest_s=2)
