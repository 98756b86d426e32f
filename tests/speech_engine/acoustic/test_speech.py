"""Speech to train on: voices, synthesisers (programs that stand in for them), distortion."""

import stat
from collections import Counter

import numpy as np
import pytest
import soundfile
from threadpoolctl import ThreadpoolController

from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.executors import LocalExecutor
from arqon_maestro.speech_engine.acoustic.mfcc_options import default_options
from arqon_maestro.speech_engine.acoustic.training import features
from arqon_maestro.speech_engine.acoustic.training.distortion import (
    DistortionRanges,
    coloured_noise,
    distort,
    reverberate,
    stretch,
    tilt,
)
from arqon_maestro.speech_engine.acoustic.training.features import (
    TOO_LONG,
    UNREADABLE,
    FeatureJob,
    read_examples,
    shards_of,
    sound_of,
)
from arqon_maestro.speech_engine.acoustic.training.synthesis import (
    require_synthesisers,
    spoken_form,
    synthesize,
)
from arqon_maestro.speech_engine.acoustic.training.utterances import (
    NOISE_WORD,
    TEST,
    TRAIN,
    Recording,
    Synthetic,
    Utterance,
)
from arqon_maestro.speech_engine.acoustic.training.voices import speak_by_lot, voices

SECOND = 16000


def tone(seconds=1.0, hertz=440.0, rate_hz=16000):
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return (8000 * np.sin(2 * np.pi * hertz * time) * np.hanning(len(time))).astype(np.int16)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Installs programs that answer with a tone, and log how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    soundfile.write(tmp_path / "flite.wav", tone(), 16000)
    soundfile.write(tmp_path / "espeak-ng.wav", tone(rate_hz=22050), 22050)

    def install(name, body):
        path = folder / name
        path.write_text("#!/bin/sh\n" + body + "\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    for name in ("flite", "espeak-ng"):
        log = tmp_path / f"{name}.log"
        copy = 'last=""; for a in "$@"; do case "$last" in -o|-w) out="$a";; esac; last="$a"; done'
        install(name, f'echo "$@" >> {log}\n{copy}\ncp {tmp_path}/{name}.wav "$out"')
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    install.log = lambda name: (tmp_path / f"{name}.log").read_text()
    return install


def test_no_voice_is_on_both_sides():
    held_out = {voice.voice for voice in voices() if voice.held_out}
    assert held_out and held_out.isdisjoint(v.voice for v in voices() if not v.held_out)
    for program in ("flite", "espeak-ng"):
        assert {v.held_out for v in voices() if v.program == program} == {True, False}


def test_sentences_are_spoken_by_lot():
    sentences = [("one",), ("two", "words"), ("three",)]
    train = speak_by_lot(sentences, TRAIN, 300, seed=1)
    assert train == speak_by_lot(sentences, TRAIN, 300, seed=1)
    assert [u.source for u in train] != [u.source for u in speak_by_lot(sentences, TRAIN, 300, 2)]
    assert len({u.name for u in train}) == 300
    test = speak_by_lot(sentences, TEST, 50, seed=1)
    assert {u.speaker for u in train}.isdisjoint(u.speaker for u in test)
    assert all(u.distorted for u in train) and not any(u.distorted for u in test)
    counts = Counter(word for u in train for word in u.words)
    assert 3 <= counts[NOISE_WORD] <= 25
    assert not any(NOISE_WORD in u.words for u in test)
    pitches = {u.source.pitch for u in train if u.source.program == "espeak-ng"}
    assert min(pitches) >= 0 and max(pitches) <= 99 and len(pitches) > 20
    with pytest.raises(DataError, match="no sentence"):
        speak_by_lot([], TRAIN, 3, seed=1)


def test_letters_are_written_as_letters():
    words = ["a", "x", "plus", "sql(spell)", "i"]
    assert spoken_form(words, "flite") == "a X plus S Q L i"
    assert spoken_form(["a(spell)", "b"], "espeak-ng") == "eh B"


def test_synthesisers_are_called(programs):
    require_synthesisers()
    source = Synthetic("flite", "slt", 170.0, 0.8)
    samples = synthesize(["go", "x"], source)
    assert len(samples) == SECOND and np.abs(samples - tone().astype(int)).max() < 3
    call = programs.log("flite")
    assert "-voice slt" in call and "duration_stretch=1.2500" in call and "-t go X" in call
    samples = synthesize(["go"], Synthetic("espeak-ng", "en-us+m1", 50.4, 1.5))
    assert len(samples) == SECOND
    # The tone is the same at the other rate.
    assert np.abs(samples - tone().astype(int)).max() < 200
    assert "-v en-us+m1 -s 240 -p 50" in programs.log("espeak-ng")


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("echo no such voice >&2; exit 1", WorkFailedError, "no such voice"),
        ("echo VOICE slt not found >&2", WorkFailedError, "slt"),
        ("true", WorkFailedError, "failed"),
    ],
)
def test_synthesisers_that_fail(programs, body, kind, message):
    programs("flite", body)
    with pytest.raises(kind, match=message):
        synthesize(["go"], Synthetic("flite", "slt", 170.0, 1.0))


def test_synthesisers_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPartError, match="flite, espeak-ng"):
        require_synthesisers()
    with pytest.raises(MissingPartError, match="apt-get install flite"):
        synthesize(["go"], Synthetic("flite", "slt", 170.0, 1.0))


def test_silent_synthesisers(programs, tmp_path):
    soundfile.write(tmp_path / "flite.wav", np.zeros(100, np.int16), 16000)
    with pytest.raises(DataError, match="said nothing"):
        synthesize(["go"], Synthetic("flite", "slt", 170.0, 1.0))


def test_stretching_moves_the_pitch():
    signal = tone(1.0, 440.0).astype(float)
    faster = stretch(signal, 14000)
    assert len(faster) == 14000
    spectrum = np.abs(np.fft.rfft(faster))
    assert spectrum.argmax() * 16000 / 14000 == pytest.approx(440 * 16 / 14, abs=2)
    assert np.abs(faster).max() == pytest.approx(np.abs(signal).max(), rel=0.01)
    assert np.array_equal(stretch(signal, len(signal)), signal)


def test_reverberation_rings_on_at_its_level():
    click = np.zeros(8000)
    click[100] = 1.0
    found = reverberate(click, 0.3, 6.0, np.random.default_rng(0))
    assert found[100] == pytest.approx(1.0, abs=1e-6) and not np.abs(found[:100]).max() > 1e-6
    assert (found[101:] ** 2).sum() == pytest.approx(10**-0.6, rel=0.01)
    late, early = (found[2500:4900] ** 2).sum(), (found[101:2500] ** 2).sum()
    assert late < early / 50


def test_tilt_changes_the_ends_of_the_band():
    for hertz, wanted in ((100, -5.8), (7900, 5.8)):
        signal = tone(1.0, hertz).astype(float)
        change = 10 * np.log10((tilt(signal, 12.0) ** 2).sum() / (signal**2).sum())
        assert change == pytest.approx(wanted, abs=0.3)


@pytest.mark.parametrize("slope", [0.0, 1.0, 2.0])
def test_noise_falls_with_its_slope(slope):
    noise = coloured_noise(1 << 16, slope, np.random.default_rng(0))
    assert (noise**2).mean() == pytest.approx(1.0)
    power = np.abs(np.fft.rfft(noise)) ** 2
    low, high = power[1500:2500].mean(), power[15000:25000].mean()
    assert 10 * np.log10(low / high) == pytest.approx(10 * slope, abs=1.0)


def test_distortion_is_of_its_seed_and_within_its_ranges():
    samples = tone()
    one, same, other = (distort(samples, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one[:9000], other[:9000])
    plain = DistortionRanges(
        speed=(0.5, 0.5),
        room_share=0.0,
        noise_share=0.0,
        tilt_db=0.0,
        padding_s=(0.25, 0.25),
        peak=(0.5, 0.5),
        clipped_share=0.0,
    )
    found = distort(samples, np.random.default_rng(3), plain)
    assert len(found) == 2 * SECOND + SECOND // 2
    assert not found[: SECOND // 4].any() and np.abs(found).max() == pytest.approx(16384, abs=2)
    loud = distort(samples, np.random.default_rng(3), DistortionRanges(clipped_share=1.0))
    assert np.abs(loud.astype(int)).max() >= 32767


def test_silence_can_be_distorted():
    for seed in range(6):
        assert len(distort(np.zeros(800, np.int16), np.random.default_rng(seed))) > 800


def utterance(source, name="u", words=("go",), distorted=False):
    return Utterance(name, words, "one", TRAIN, source, distorted)


def test_noise_is_speech_backwards(programs):
    source = Synthetic("flite", "slt", 170.0, 1.0)
    plain = sound_of(utterance(source), 0)
    before = sound_of(utterance(source, words=(NOISE_WORD, "go")), 0)
    assert len(before) > len(plain) and np.array_equal(before[-len(plain) :], plain)
    after = sound_of(utterance(source, words=("go", NOISE_WORD)), 0)
    assert np.array_equal(after[: len(plain)], plain)
    assert "nspc" not in programs.log("flite")


def test_pieces_of_recordings(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.arange(3 * SECOND).astype(np.int16) % 1000, 16000)
    found = sound_of(utterance(Recording(path, 1.0, 1.5)), 0)
    assert np.array_equal(found, np.arange(SECOND, SECOND + 8000) % 1000)
    assert len(sound_of(utterance(Recording(path, 2.0)), 0)) == SECOND
    with pytest.raises(DataError, match="no audio in this piece"):
        sound_of(utterance(Recording(path, 4.0, 5.0)), 0)


def test_features_are_made_in_workers_and_read_again(tmp_path):
    good, bad, long = (tmp_path / f"{name}.wav" for name in ("good", "bad", "long"))
    soundfile.write(good, tone(0.5), 16000)
    soundfile.write(long, np.zeros(41 * 8000, np.int16), 8000)
    bad.write_bytes(b"no audio")
    utterances = [
        utterance(Recording(path), path.stem, distorted=path is good) for path in (good, bad, long)
    ]
    job = FeatureJob(default_options(), seed=1)
    places = LocalExecutor(1).map(
        job, shards_of(utterances), tmp_path / "out", limit_s=60, label="features"
    )
    examples, rejects = read_examples(places)
    assert rejects == {UNREADABLE: 1, TOO_LONG: 1}
    assert [example.name for example in examples] == ["good"]
    assert examples[0].features.shape[1] == 40 and examples[0].words == ("go",)
    wanted = job.process(utterances[0])
    assert np.array_equal(examples[0].features, wanted.features)
    places[0].write_bytes(b"PK\3\4 damaged")
    with pytest.raises(DataError, match="not a file of features"):
        read_examples(places)


def test_features_take_one_core(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.wav", tone(0.5), 16000)
    found = []

    def listen(*arguments):
        libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        found.extend(library.num_threads for library in libraries)
        return sound_of(*arguments)

    monkeypatch.setattr(features, "sound_of", listen)
    FeatureJob(default_options(), seed=1).process(utterance(Recording(tmp_path / "a.wav")))
    assert found and set(found) == {1}


def test_shards_keep_the_order():
    utterances = [utterance(Recording("x"), f"{n}") for n in range(450)]
    shards = shards_of(utterances)
    assert [u for shard in shards for u in shard.items()] == utterances
    assert [len(shard.items()) for shard in shards] == [200, 200, 50]
