"""Bundles of Kaldi's files: whole, or with parts that don't belong together; their scores."""

from dataclasses import replace

import numpy as np
import pytest

from arqon_maestro.errors import ConfigurationError, DataError, MissingPartError
from arqon_maestro.speech_engine.acoustic.ivectors import OnlineIvector
from arqon_maestro.speech_engine.acoustic.kaldi_bundle import read_kaldi_bundle
from arqon_maestro.speech_engine.acoustic.mfcc import Mfcc
from arqon_maestro.speech_engine.acoustic.model import (
    acoustic_model,
    read_acoustic_model,
    write_acoustic_model,
)
from arqon_maestro.speech_engine.acoustic.scorer import Scorer, score
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from tests.speech_engine.acoustic.bundles import noise, write_bundle
from tests.speech_engine.acoustic.extractors import write_extractor
from tests.speech_engine.acoustic.networks import tdnn_f, tdnn_f_plainly


@pytest.mark.parametrize("ivector", [0, 4])
def test_bundle_is_read(tmp_path, ivector):
    bundle = read_kaldi_bundle(write_bundle(tmp_path / "model", ivector=ivector))
    assert bundle.model.network.ivector_dim == ivector
    assert (bundle.ivectors is not None) == bool(ivector)
    assert bundle.subsampling == 3 and bundle.sample_rate_hz == 16000
    assert bundle.frame_s == pytest.approx(0.03)
    assert bundle.model.left_context == bundle.model.right_context == 5


def test_model_file_survives_a_round_trip(tmp_path):
    folder = write_bundle(tmp_path / "model")
    model = read_acoustic_model(folder / "final.mdl")
    write_acoustic_model(tmp_path / "again.mdl", model)
    assert (tmp_path / "again.mdl").read_bytes() == (folder / "final.mdl").read_bytes()


def test_scores_are_those_of_the_parts(tmp_path):
    bundle = read_kaldi_bundle(write_bundle(tmp_path / "model"))
    samples = noise(0.5)
    features = Mfcc(bundle.mfcc).compute(samples)
    found = score(bundle, samples)
    assert len(found) == -(-len(features) // 3)
    for row in (0, 5, len(found) - 1):
        wanted = tdnn_f_plainly(bundle.model.network, features, 3 * row)
        assert np.abs(found[row] - wanted).max() < 1e-3


@pytest.mark.parametrize("ivector", [0, 4])
@pytest.mark.parametrize("piece", [100, 1600, 8000])
def test_pieces_give_the_scores_of_the_whole(tmp_path, ivector, piece):
    bundle = read_kaldi_bundle(write_bundle(tmp_path / "model", ivector=ivector))
    samples = noise(0.9)
    scorer = Scorer(bundle)
    parts = [scorer.accept(samples[at : at + piece]) for at in range(0, len(samples), piece)]
    found = np.concatenate([*parts, scorer.finish()])
    assert scorer.outputs == len(found)
    assert np.abs(found - score(bundle, samples)).max() < 1e-3


def test_ivectors_are_of_the_frames_that_a_chunk_needs(tmp_path):
    bundle = read_kaldi_bundle(write_bundle(tmp_path / "model", ivector=4))
    samples = noise(0.9)
    features = Mfcc(bundle.mfcc).compute(samples)
    online = OnlineIvector(bundle.ivectors)
    online.accept(features, last=True)
    # The first chunk: 21 frames, 5 of right context, less 3 of the splice.
    first = online.estimate(until=21 + 5 - 3)
    found = score(bundle, samples)
    for row in (0, 3):
        wanted = tdnn_f_plainly(bundle.model.network, features, 3 * row, first)
        assert np.abs(found[row] - wanted).max() < 1e-2


@pytest.mark.parametrize("samples", [0, 10, 399])
def test_audio_without_a_frame(tmp_path, samples):
    for ivector in (0, 4):
        bundle = read_kaldi_bundle(write_bundle(tmp_path / f"model{ivector}", ivector=ivector))
        assert score(bundle, np.zeros(samples, np.int16)).shape == (0, PhoneSet().num_pdfs)


def test_priors_are_divided_by(tmp_path):
    folder = write_bundle(tmp_path / "model")
    plain = score(read_kaldi_bundle(folder), noise(0.2))
    model = read_acoustic_model(folder / "final.mdl")
    pdfs = PhoneSet().num_pdfs
    priors = np.linspace(1, 2, pdfs).astype(np.float32) / pdfs
    write_acoustic_model(folder / "final.mdl", replace(model, priors=priors))
    assert np.allclose(score(read_kaldi_bundle(folder), noise(0.2)), plain - np.log(priors))


def test_configuration_of_other_features(tmp_path):
    folder = write_bundle(tmp_path / "model")
    (folder / "conf" / "mfcc.conf").write_text("--num-ceps=20\n")
    with pytest.raises(DataError, match="20 coefficients, the network takes 13"):
        read_kaldi_bundle(folder)
    (folder / "conf" / "mfcc.conf").unlink()
    with pytest.raises(MissingPartError, match="configuration of its features"):
        read_kaldi_bundle(folder)


def test_network_without_its_extractor(tmp_path):
    folder = write_bundle(tmp_path / "model", ivector=4)
    (folder / "ivector_extractor").rename(tmp_path / "elsewhere")
    with pytest.raises(MissingPartError, match="i-vectors of 4 columns"):
        read_kaldi_bundle(folder)


@pytest.mark.parametrize(
    ("size", "coefficients", "message"),
    [(3, 13, "3 columns, the network takes 4"), (4, 7, "for 7 coefficients")],
)
def test_extractor_of_another_model(tmp_path, size, coefficients, message):
    folder = write_bundle(tmp_path / "model", ivector=4)
    write_extractor(folder / "ivector_extractor", coefficients=coefficients, size=size)
    with pytest.raises(DataError, match=message):
        read_kaldi_bundle(folder)


def test_extractor_for_a_network_that_takes_none(tmp_path):
    folder = write_bundle(tmp_path / "model")
    write_extractor(folder / "ivector_extractor", coefficients=13)
    with pytest.raises(DataError, match="the network takes none"):
        read_kaldi_bundle(folder)


def test_tree_and_phones_of_another_model(tmp_path):
    folder = write_bundle(tmp_path / "model")
    other = write_bundle(tmp_path / "other", phones=PhoneSet(position_dependent=True))
    for name in ("tree", "phones.txt"):
        kept = (folder / name).read_bytes()
        (folder / name).write_bytes((other / name).read_bytes())
        with pytest.raises(DataError, match="different models"):
            read_kaldi_bundle(folder)
        (folder / name).write_bytes(kept)
    read_kaldi_bundle(folder)


def test_network_of_another_transition_model(tmp_path):
    folder = write_bundle(tmp_path / "model")
    model = read_acoustic_model(folder / "final.mdl")
    with pytest.raises(DataError, match="7 outputs, the transition model 492 pdfs"):
        acoustic_model(model.transitions, tdnn_f())


def test_priors_of_another_model(tmp_path):
    folder = write_bundle(tmp_path / "model")
    model = read_acoustic_model(folder / "final.mdl")
    write_acoustic_model(folder / "final.mdl", replace(model, priors=np.ones(3, np.float32)))
    with pytest.raises(DataError, match="3 priors for 492 pdfs"):
        read_kaldi_bundle(folder)


@pytest.mark.parametrize("cut", [3, 40, 1000, -30, -3])
def test_truncated_models(tmp_path, cut):
    folder = write_bundle(tmp_path / "model")
    data = (folder / "final.mdl").read_bytes()
    (folder / "final.mdl").write_bytes(data[:cut])
    with pytest.raises(DataError, match=r"final\.mdl"):
        read_kaldi_bundle(folder)


def test_models_without_network(tmp_path):
    folder = write_bundle(tmp_path / "model")
    data = (folder / "final.mdl").read_bytes()
    (folder / "final.mdl").write_bytes(data[: data.index(b"<Nnet3>")] + b"<DIMENSION> ")
    with pytest.raises(DataError, match="no nnet3 network"):
        read_kaldi_bundle(folder)


def test_subsampling(tmp_path):
    folder = write_bundle(tmp_path / "model")
    (folder / "conf" / "model.conf").write_text("--beam=13\n--frame-subsampling-factor=2\n")
    assert read_kaldi_bundle(folder).subsampling == 2
    (folder / "frame_subsampling_factor").write_text("1\n")
    assert read_kaldi_bundle(folder).subsampling == 1
    (folder / "frame_subsampling_factor").write_text("none\n")
    with pytest.raises(ConfigurationError, match="'none' is no factor"):
        read_kaldi_bundle(folder)


def test_models_for_audio_of_another_rate(tmp_path):
    folder = write_bundle(tmp_path / "model")
    with open(folder / "conf" / "mfcc.conf", "a") as stream:
        stream.write("--sample-frequency=8000\n")
    bundle = read_kaldi_bundle(folder)
    assert bundle.sample_rate_hz == 8000
    with pytest.raises(DataError, match="audio at 8000 Hz"):
        Scorer(bundle)
