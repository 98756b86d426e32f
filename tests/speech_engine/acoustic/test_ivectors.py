"""I-vectors against a plain computation, in pieces, and the files of their extractor."""

from dataclasses import replace

import numpy as np
import pytest

from arqon_maestro.errors import ConfigurationError, DataError, MissingPartError
from arqon_maestro.speech_engine.acoustic.cmvn import CmvnOptions, OnlineCmvn
from arqon_maestro.speech_engine.acoustic.ivector_extractor import (
    IvectorOptions,
    read_gmm,
    read_ivector_extractor,
)
from arqon_maestro.speech_engine.acoustic.ivectors import OnlineIvector, select_gaussians
from tests.speech_engine.acoustic.extractors import (
    COEFFICIENTS,
    plain_ivector,
    write_extractor,
)


def features_of(frames, seed=1):
    return np.random.default_rng(seed).standard_normal((frames, COEFFICIENTS))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_count": 0.0},
        {"max_count": 2.0},
        {"num_gselect": 1},
        {"num_gselect": 8, "min_post": 0.0},
        {"min_post": 0.2, "posterior_scale": 1.0},
    ],
)
def test_same_as_a_plain_computation(tmp_path, options):
    parts = write_extractor(tmp_path)
    chosen = IvectorOptions(**options)
    extractor = replace(read_ivector_extractor(tmp_path), options=chosen)
    features = features_of(60)
    online = OnlineIvector(extractor)
    online.accept(features, last=True)
    if chosen.min_post == 0:
        chosen = replace(chosen, min_post=1e-12)
    wanted = plain_ivector(parts, features, chosen)
    assert np.abs(online.estimate() - wanted).max() < 1e-3


@pytest.mark.parametrize("step", [1, 4, 17])
def test_pieces_give_the_ivector_of_the_whole(tmp_path, step):
    write_extractor(tmp_path)
    extractor = read_ivector_extractor(tmp_path)
    features = features_of(50)
    whole = OnlineIvector(extractor)
    whole.accept(features, last=True)
    online = OnlineIvector(extractor)
    for start in range(0, 50, step):
        online.accept(features[start : start + step], last=start + step >= 50)
        online.estimate()
    assert np.abs(online.estimate() - whole.estimate()).max() < 1e-4
    assert online.ready == 50


def test_before_any_speech(tmp_path):
    write_extractor(tmp_path)
    online = OnlineIvector(read_ivector_extractor(tmp_path))
    assert not online.estimate().any()
    # Three frames of context are missing yet.
    online.accept(features_of(3))
    assert online.ready == 0 and not online.estimate().any()


def test_only_some_frames_count(tmp_path):
    parts = write_extractor(tmp_path)
    extractor = read_ivector_extractor(tmp_path)
    online = OnlineIvector(extractor)
    online.accept(features_of(50))
    first = online.estimate(until=20)
    online.accept(features_of(10, seed=2), last=True)
    again = OnlineIvector(extractor)
    again.accept(features_of(23))
    assert np.allclose(first, again.estimate(), atol=1e-5)
    whole = np.concatenate([features_of(50), features_of(10, seed=2)])
    wanted = plain_ivector(parts, whole, extractor.options)
    assert np.abs(online.estimate() - wanted).max() < 1e-3


def test_selection_of_gaussians():
    logs = np.log(np.array([[0.5, 0.3, 0.15, 0.04, 0.01]]))
    options = IvectorOptions(num_gselect=4, min_post=0.1)
    # 0.04 falls: it is less than a tenth of the four; the other three make 0.95.
    wanted = np.array([[0.5, 0.3, 0.15, 0, 0]]) / 0.95
    assert np.allclose(select_gaussians(logs, options), wanted)
    assert np.allclose(select_gaussians(logs, IvectorOptions(num_gselect=1)), [[1, 0, 0, 0, 0]])


@pytest.mark.parametrize("norm_vars", [False, True])
def test_cmvn_is_that_of_the_window(norm_vars):
    features = features_of(30)
    count = 40.0
    statistics = np.vstack([[*([2.0 * count] * 5), count], [*([9.0 * count] * 5), 0.0]])
    options = CmvnOptions(cmn_window=10, global_frames=4, norm_vars=norm_vars, skip_dims="2")
    found = OnlineCmvn(options, statistics).accept(features)
    for frame in range(30):
        window = features[max(0, frame - 9) : frame + 1]
        extra = min(10 - len(window), 4)
        mean = (window.sum(axis=0) + 2.0 * extra) / (len(window) + extra)
        square = ((window**2).sum(axis=0) + 9.0 * extra) / (len(window) + extra)
        scale = np.sqrt(square - mean**2) if norm_vars else np.ones(5)
        wanted = (features[frame] - mean) / np.maximum(scale, 1e-10)
        wanted[2] = features[frame, 2]
        # A window of one frame alone has no variance.
        if len(window) + extra > 1:
            assert np.allclose(found[frame], wanted, atol=1e-4)


def test_cmvn_begins_with_the_speaker():
    statistics = np.vstack([[0.0] * 5 + [100.0], [100.0] * 5 + [0.0]])
    speaker = np.vstack([[30.0] * 5 + [3.0], [330.0] * 5 + [0.0]])
    options = CmvnOptions(cmn_window=6, global_frames=6)
    found = OnlineCmvn(options, statistics, speaker).accept(np.ones((1, 5)))
    # One frame of 1, three of the speaker of 10, two global ones of 0.
    assert np.allclose(found, 1 - 31 / 6)


def test_cmvn_in_pieces():
    features = features_of(30)
    statistics = np.vstack([[0.0] * 5 + [100.0], [100.0] * 5 + [0.0]])
    options = CmvnOptions(cmn_window=7, global_frames=2)
    whole = OnlineCmvn(options, statistics).accept(features)
    online = OnlineCmvn(options, statistics)
    parts = [online.accept(features[at : at + 4]) for at in range(0, 30, 4)]
    assert np.allclose(np.concatenate(parts), whole)


@pytest.mark.parametrize("name", ["final.dubm", "final.ie", "final.mat", "global_cmvn.stats"])
def test_missing_and_damaged_files(tmp_path, name):
    write_extractor(tmp_path)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=name):
        read_ivector_extractor(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(MissingPartError):
        read_ivector_extractor(tmp_path)


def test_parts_of_two_extractors(tmp_path):
    write_extractor(tmp_path / "one")
    write_extractor(tmp_path / "two", coefficients=7)
    (tmp_path / "two" / "final.mat").rename(tmp_path / "one" / "final.mat")
    with pytest.raises(DataError, match="takes 50 columns, splicing gives 35"):
        read_ivector_extractor(tmp_path / "one")


def test_configuration(tmp_path):
    write_extractor(tmp_path)
    (tmp_path / "ivector_extractor.conf").write_text(
        "--splice-config=/there/splice.conf\n--num-gselect=3\n--max-count=75\n--ivector-period=10\n"
    )
    found = read_ivector_extractor(tmp_path).options
    assert (found.num_gselect, found.max_count) == (3, 75.0)
    (tmp_path / "ivector_extractor.conf").write_text("--num-gselekt=3\n")
    with pytest.raises(ConfigurationError, match="did you mean 'num-gselect'"):
        read_ivector_extractor(tmp_path)
    (tmp_path / "ivector_extractor.conf").write_text("--num-gselect=0\n")
    with pytest.raises(ConfigurationError, match="above 0"):
        read_ivector_extractor(tmp_path)


def test_constants_of_a_mixture_are_computed_where_they_are_missing(tmp_path):
    write_extractor(tmp_path)
    path = tmp_path / "final.dubm"
    wanted = read_gmm(path).constants
    data = path.read_bytes()
    start, stop = data.index(b"<GCONSTS>"), data.index(b"<WEIGHTS>")
    path.write_bytes(data[:start] + data[stop:])
    assert np.allclose(read_gmm(path).constants, wanted, atol=1e-4)


def test_features_of_another_size(tmp_path):
    write_extractor(tmp_path)
    with pytest.raises(DataError, match="statistics of 5 columns"):
        OnlineIvector(read_ivector_extractor(tmp_path)).accept(np.zeros((2, 4)))
