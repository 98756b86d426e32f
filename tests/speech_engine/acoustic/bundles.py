"""Small random Kaldi bundles for tests."""

import numpy as np

from arqon_maestro.speech_engine.acoustic.mfcc_options import MfccOptions, write_mfcc_options
from arqon_maestro.speech_engine.acoustic.model import acoustic_model, write_acoustic_model
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.kaldi.transition_model import TransitionModel
from arqon_maestro.speech_engine.kaldi.tree import write_tree
from tests.speech_engine.acoustic.extractors import write_extractor
from tests.speech_engine.acoustic.networks import tdnn_f

MFCC = MfccOptions(dither=0.0, num_mel_bins=23, num_ceps=13, use_energy=False, high_freq=-400.0)


def write_bundle(folder, *, ivector=0, phones=None, seed=0, sure=False):
    """Writes a model of random weights, and returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    phones = phones or PhoneSet()
    network = tdnn_f(MFCC.num_ceps, ivector, phones.num_pdfs, seed, output_scale=3.0)
    # Features of speech are tens in size; the first layer brings them down.
    matrix = network.components["lda"].fields["LinearParams"]
    matrix[:, : 3 * MFCC.num_ceps] *= 0.1
    transitions = TransitionModel.of(phones.tree(), phones.topology())
    write_acoustic_model(folder / "final.mdl", acoustic_model(transitions, network))
    write_tree(folder / "tree", phones.tree())
    table = "".join(f"{name} {number}\n" for name, number in phones.symbols.items())
    (folder / "phones.txt").write_text(table)
    (folder / "conf").mkdir(exist_ok=True)
    write_mfcc_options(folder / "conf" / "mfcc.conf", MFCC)
    if ivector:
        write_extractor(
            folder / "ivector_extractor", coefficients=MFCC.num_ceps, size=ivector, sure=sure
        )
    return folder


def noise(seconds, seed=0):
    """Samples of many sounds: two tones in noise, others each tenth of a second."""
    chooser = np.random.default_rng(seed)
    count = round(seconds * 16000)
    piece = np.arange(count) // 1600
    tones = np.zeros(count)
    for _ in range(2):
        hertz = np.exp(chooser.uniform(np.log(150), np.log(5000), piece.max(initial=0) + 1))
        level = np.exp(chooser.uniform(4, 8.5, piece.max(initial=0) + 1))
        tones += level[piece] * np.sin(2 * np.pi / 16000 * np.cumsum(hertz[piece]))
    return (tones + 50 * chooser.standard_normal(count)).astype(np.int16)
