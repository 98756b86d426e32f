"""Our features, i-vectors and forward pass against Kaldi's, which comes with vosk."""

from importlib.util import find_spec

import pytest

from arqon_maestro.speech_engine.acoustic.ivectors import OnlineIvector
from arqon_maestro.speech_engine.acoustic.kaldi_bundle import read_kaldi_bundle
from arqon_maestro.speech_engine.acoustic.mfcc import Mfcc
from arqon_maestro.speech_engine.acoustic.nnet3.computation import Stream
from arqon_maestro.speech_engine.acoustic.scorer import score
from tests.speech_engine.acoustic.bundles import noise, write_bundle
from tests.speech_engine.acoustic.vosk_oracle import GRAPH_SCALE, PhoneLoop, hear

pytestmark = pytest.mark.skipif(
    find_spec("vosk") is None, reason="Kaldi, the oracle, comes with vosk==0.3.45"
)
#: vosk looks for what it can decode after so many samples each.
STEP = 3200


def test_same_words_and_costs_as_kaldi(tmp_path):
    folder = write_bundle(tmp_path / "model")
    bundle = read_kaldi_bundle(folder)
    loop = PhoneLoop(bundle.model.transitions)
    samples = noise(1.3)
    found, cost = hear(tmp_path, folder, loop, samples)
    words, wanted = loop.best(score(bundle, samples).astype(float), GRAPH_SCALE)
    assert found == words and len(set(words)) > 3
    assert cost == pytest.approx(wanted, abs=0.05)


def scores_as_vosk_times_them(bundle, samples, chunk=21):
    """Scores where a chunk has the i-vector of all frames that are there when vosk computes it."""
    features = Mfcc(bundle.mfcc).compute(samples)
    stream = Stream(bundle.model.network, ivector_period=chunk)
    online = OnlineIvector(bundle.ivectors)
    done = 0
    for end in [*range(STEP, len(samples) + STEP, STEP), None]:
        last = end is None
        frames = len(features) if last else Mfcc(bundle.mfcc).frame_count(min(end, len(samples)))
        online.accept(features[stream.frames : frames], last=last)
        stream.accept(features[stream.frames : frames], last=last)
        while (done + 1) * chunk + stream.right <= frames or (last and done * chunk < frames):
            for _ in range(2 if done == 0 else 1):
                stream.accept_ivector(online.estimate())
            done += 1
    return stream.compute()


def test_same_words_and_costs_as_kaldi_with_ivectors(tmp_path):
    # vosk gives frames little weight while it takes them for silence, as it does with the first of
    # an utterance; where the prior weighs next to nothing the i-vector is the same all the same.
    folder = write_bundle(tmp_path / "model", ivector=4, sure=True)
    bundle = read_kaldi_bundle(folder)
    loop = PhoneLoop(bundle.model.transitions)
    samples = noise(1.3)
    found, cost = hear(tmp_path, folder, loop, samples)
    scores = scores_as_vosk_times_them(bundle, samples)
    words, wanted = loop.best(scores.astype(float), GRAPH_SCALE)
    assert found == words and len(set(words)) > 3
    assert cost == pytest.approx(wanted, abs=0.05)
    # The i-vectors of our own timing are others.
    _, ours = loop.best(score(bundle, samples).astype(float), GRAPH_SCALE)
    assert abs(ours - cost) > 1
