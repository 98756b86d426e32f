"""MFCC against another implementation, in pieces, and their configuration file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arqon_maestro.errors import ConfigurationError, DataError, MissingPartError
from arqon_maestro.speech_engine.acoustic.mfcc import Mfcc, MfccStream
from arqon_maestro.speech_engine.acoustic.mfcc_options import (
    MfccOptions,
    default_options,
    read_mfcc_options,
    write_mfcc_options,
)

EXPECTED = Path(__file__).parents[2] / "fixtures" / "mfcc" / "expected.npz"
#: The cases of fixtures/mfcc/make.py in our options.
CASES = {
    "defaults": {},
    "chain": {"num_mel_bins": 40, "num_ceps": 40, "high_freq": -400.0, "use_energy": False},
    "late energy": {"raw_energy": False, "window_type": "hamming", "cepstral_lifter": 0.0},
    "reflected": {
        "snip_edges": False,
        "window_type": "hanning",
        "preemphasis_coefficient": 0.0,
    },
    "rectangular": {
        "window_type": "rectangular",
        "remove_dc_offset": False,
        "energy_floor": 1.0,
    },
    "blackman": {"window_type": "blackman", "frame_length": 20.0, "frame_shift": 8.0},
    "not padded": {"round_to_power_of_two": False, "num_ceps": 20, "num_mel_bins": 30},
}


@pytest.fixture(scope="module")
def expected():
    with np.load(EXPECTED) as arrays:
        return dict(arrays)


@pytest.mark.parametrize("case", CASES)
def test_same_as_kaldi_native_fbank(case, expected):
    found = Mfcc(MfccOptions(dither=0.0, **CASES[case])).compute(expected["samples"])
    assert found.shape == expected[case].shape
    assert np.abs(found - expected[case]).max() < 1e-3


def plain_mfcc(samples, options):
    """One frame after the other, with sums written out: slow and plain."""
    size, points = options.window_samples, options.padded_samples
    low, high = (1127 * np.log(1 + edge / 700) for edge in options.band_hz)
    rows = []
    for start in range(0, len(samples) - size + 1, options.shift_samples):
        frame = samples[start : start + size].astype(float)
        frame = frame - frame.mean()
        raised = [frame[max(0, n - 1)] for n in range(size)]
        frame = frame - options.preemphasis_coefficient * np.array(raised)
        turn = 2 * np.pi * np.arange(size) / (size - 1)
        frame = frame * (0.5 - 0.5 * np.cos(turn)) ** 0.85
        power = np.abs(np.fft.fft(frame, points)) ** 2
        energies = []
        for band in range(options.num_mel_bins):
            left, middle, right = (
                low + (band + step) * (high - low) / (options.num_mel_bins + 1) for step in range(3)
            )
            total = 0.0
            for place in range(points // 2):
                mel = 1127 * np.log(1 + place * options.sample_frequency / points / 700)
                up, down = (mel - left) / (middle - left), (right - mel) / (right - middle)
                total += max(0.0, min(up, down)) * power[place]
            energies.append(np.log(max(total, np.finfo(np.float32).eps)))
        row = []
        for order in range(options.num_ceps):
            scale = np.sqrt((1 if order == 0 else 2) / options.num_mel_bins)
            value = sum(
                energy * np.cos(np.pi * order * (band + 0.5) / options.num_mel_bins)
                for band, energy in enumerate(energies)
            )
            row.append(scale * value * (1 + 11 * np.sin(np.pi * order / 22)))
        rows.append(row)
    return np.array(rows)


def test_same_as_plain_sums(expected):
    options = default_options()
    samples = expected["samples"][:1000]
    assert np.abs(Mfcc(options).compute(samples) - plain_mfcc(samples, options)).max() < 2e-3


@pytest.mark.parametrize("snip_edges", [True, False])
@pytest.mark.parametrize("piece", [1, 160, 333, 5000])
def test_pieces_give_the_frames_of_the_whole(piece, snip_edges, expected):
    # With dither too: its noise belongs to the frame, not to the piece.
    mfcc = Mfcc(replace(default_options(), snip_edges=snip_edges, dither=1.0), seed=5)
    samples = expected["samples"][:1500]
    stream = MfccStream(mfcc)
    parts = [stream.accept(samples[at : at + piece]) for at in range(0, len(samples), piece)]
    found = np.concatenate([*parts, stream.finish()])
    whole = mfcc.compute(samples)
    assert found.shape == whole.shape
    assert np.abs(found - whole).max() < 1e-3


def test_audio_shorter_than_a_window():
    assert Mfcc(default_options()).compute(np.zeros(399, np.int16)).shape == (0, 40)
    assert Mfcc(default_options()).compute(np.zeros(400, np.int16)).shape == (1, 40)


def test_silence_is_finite():
    assert np.isfinite(Mfcc(default_options()).compute(np.zeros(4000, np.int16))).all()


def test_two_channels_are_refused():
    with pytest.raises(DataError, match="one channel"):
        Mfcc(default_options()).compute(np.zeros((4000, 2), np.int16))


def test_configuration_is_read_as_kaldi_does(tmp_path):
    path = tmp_path / "mfcc.conf"
    path.write_text(
        "# comment\n--use-energy=false   # not the energy\n\n  --num-mel-bins=40\n"
        "--num_ceps=40\n--snip-edges\n--sample-frequency=8000\n--sample-frequency=16000\n"
        "--high-freq=-400\n--allow-downsample=true\n--window-type=hamming\n"
    )
    found = read_mfcc_options(path)
    assert not found.use_energy and found.snip_edges
    assert (found.num_ceps, found.sample_frequency, found.high_freq) == (40, 16000.0, -400.0)
    assert found.window_type == "hamming" and found.dither == 1.0


def test_configuration_survives_a_round_trip(tmp_path):
    path = tmp_path / "mfcc.conf"
    for options in (MfccOptions(), default_options(), MfccOptions(window_type="sine")):
        write_mfcc_options(path, options)
        assert read_mfcc_options(path) == options


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--num-cep=40", "did you mean 'num-ceps'"),
        ("num-ceps=40", "is not an option"),
        ("--num-ceps=many", "not a int"),
        ("--use-energy=maybe", "not a bool"),
        ("--num-ceps=30", "not between 1 and"),
        ("--window-type=kaiser", "allowed"),
        ("--high-freq=9000", "at 16000 Hz"),
        ("--frame-shift=0", "less than a sample"),
        ("--dither=-1", "negative"),
    ],
)
def test_bad_configuration(tmp_path, line, message):
    path = tmp_path / "mfcc.conf"
    path.write_text(line + "\n")
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_mfcc_options(path)
    assert str(path) in str(caught.value)


def test_no_configuration(tmp_path):
    with pytest.raises(MissingPartError):
        read_mfcc_options(tmp_path / "mfcc.conf")
