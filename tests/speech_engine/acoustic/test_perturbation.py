"""Perturbed features: the map that they go through, and that lots decide it."""

from dataclasses import replace

import numpy as np
import pytest

from arqon_maestro.errors import ConfigurationError
from arqon_maestro.speech_engine.acoustic.mfcc import Mfcc
from arqon_maestro.speech_engine.acoustic.mfcc_options import default_options
from arqon_maestro.speech_engine.acoustic.training.perturbation import (
    Perturbation,
    PerturbationRanges,
)

SAME = PerturbationRanges(warp=0.0, bends=(), channel=(), band_share=0.0, gap_share=0.0)
BINS = 40


def features(frames=30, seed=0):
    """Features of noise `(F, C)`, and its logarithmic spectrum `(F, P)`."""
    spectrum = np.random.default_rng(seed).normal(10.0, 2.0, (frames, BINS))
    return spectrum @ Mfcc(default_options()).transform.astype(np.float64), spectrum


def spectrum_of(found):
    return found @ np.linalg.inv(Mfcc(default_options()).transform.astype(np.float64))


def perturbed(ranges, seed=1, frames=30):
    given, _ = features(frames)
    chooser = np.random.default_rng(seed)
    return spectrum_of(Perturbation(default_options(), ranges).apply(given, chooser))


def tone_filter(hertz):
    """The filter that a tone is loudest in, heard by the features themselves."""
    time = np.arange(8000) / 16000
    found = Mfcc(default_options()).compute(8000 * np.sin(2 * np.pi * hertz * time))
    return found, int(spectrum_of(found)[3].argmax())


def test_nothing_drawn_changes_nothing():
    assert np.abs(perturbed(SAME) - features()[1]).max() < 1e-3


@pytest.mark.parametrize("hertz", [400, 1000, 2500])
@pytest.mark.parametrize("factor", [0.85, 1.2])
def test_a_warped_tone_lies_where_the_tone_of_another_throat_does(hertz, factor):
    found, _ = tone_filter(hertz)
    _, wanted = tone_filter(hertz * factor)
    matrix = Perturbation(default_options(), SAME).warped(np.log(factor), np.zeros(0))
    warped = matrix @ spectrum_of(found)[3]
    assert abs(int(warped.argmax()) - wanted) <= 1


def test_a_warp_keeps_a_flat_spectrum_flat():
    ranges = PerturbationRanges()
    perturbation = Perturbation(default_options(), ranges)
    chooser = np.random.default_rng(4)
    for log_factor in (-ranges.warp, 0.03, ranges.warp):
        matrix = perturbation.warped(log_factor, np.array(ranges.bends) * chooser.normal(size=3))
        assert matrix.min() >= 0 and np.allclose(matrix.sum(axis=1), 1)


def test_a_microphone_is_the_same_offset_in_all_frames():
    change = perturbed(replace(SAME, channel=(1.0, 0.5))) - features()[1]
    assert np.abs(change - change[0]).max() < 1e-3
    # Two slow cosines: no overall level, and neighbours differ little.
    assert abs(change[0].sum()) < 1e-2 and 0.1 < np.abs(change[0]).max() < 6
    assert np.abs(np.diff(change[0])).max() < 0.5


def test_a_hidden_band_is_at_its_mean_and_the_rest_untouched():
    given, found = features()[1], perturbed(replace(SAME, band_share=1.0, widest_band=5))
    hidden = np.flatnonzero(np.abs(found - given).max(axis=0) > 1e-2)
    assert 1 <= hidden.size <= 5 and np.all(np.diff(hidden) == 1)
    assert np.allclose(found[:, hidden], given[:, hidden].mean(axis=0), atol=1e-2)


@pytest.mark.parametrize("frames", [1, 3, 30])
def test_a_hidden_moment_is_at_the_mean_and_the_rest_untouched(frames):
    given, found = (
        features(frames)[1],
        perturbed(replace(SAME, gap_share=1.0, longest_gap=6), frames=frames),
    )
    mean = given.mean(axis=0)
    hidden = [row for row in range(frames) if np.allclose(found[row], mean, atol=1e-2)]
    assert 1 <= len(hidden) <= 6
    kept = np.setdiff1d(np.arange(frames), hidden)
    assert np.allclose(found[kept], given[kept], atol=1e-2)


def test_lots_decide():
    ranges = PerturbationRanges()
    assert np.array_equal(perturbed(ranges, 1), perturbed(ranges, 1))
    assert np.abs(perturbed(ranges, 1) - perturbed(ranges, 2)).max() > 0.5


@pytest.mark.parametrize("change", [{"num_ceps": 20}, {"use_energy": True}])
def test_features_that_are_no_spectrum(change):
    with pytest.raises(ConfigurationError, match="cannot be perturbed"):
        Perturbation(replace(default_options(), **change), PerturbationRanges())
