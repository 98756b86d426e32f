"""A trained network as a folder of Kaldi's files, which graph, decoder and vosk take."""

from __future__ import annotations

from pathlib import Path

from arqon_maestro.artifacts import atomic_text
from arqon_maestro.speech_engine.acoustic.kaldi_bundle import (
    DECODER_FILE,
    SUBSAMPLING_FILE,
    SUBSAMPLING_OPTION,
)
from arqon_maestro.speech_engine.acoustic.mfcc_options import MfccOptions, write_mfcc_options
from arqon_maestro.speech_engine.acoustic.model import write_acoustic_model
from arqon_maestro.speech_engine.acoustic.training.kaldi_model import to_kaldi
from arqon_maestro.speech_engine.acoustic.training.network import SUBSAMPLING, Tdnn
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.graph.acoustic_model import MODEL_FILE, PHONES_FILE, TREE_FILE
from arqon_maestro.speech_engine.kaldi.tree import write_tree
from arqon_maestro.speech_engine.lexicon.pronunciations import SILENCE_PHONE

#: What the runtime of spec 7.6 decodes with.
_DECODER_OPTIONS = {
    "min-active": "200",
    "max-active": "7000",
    "beam": "15.0",
    "lattice-beam": "8.0",
    "acoustic-scale": "1.0",
    SUBSAMPLING_OPTION: str(SUBSAMPLING),
}


def write_model(folder: Path, network: Tdnn, phones: PhoneSet, mfcc: MfccOptions) -> None:
    """Writes ``final.mdl``, ``tree``, ``phones.txt`` and the configuration of features and decoder.

    Args:
        folder: an existing folder.
        network: the trained network.
        phones: its phones.
        mfcc: its features.
    """
    write_acoustic_model(folder / MODEL_FILE, to_kaldi(network, phones))
    write_tree(folder / TREE_FILE, phones.tree())
    with atomic_text(folder / PHONES_FILE) as stream:
        stream.writelines(f"{name} {number}\n" for name, number in phones.symbols.items())
    write_mfcc_options(folder / "conf" / "mfcc.conf", mfcc)
    silence = ":".join(str(number) for number in phones.ids(phones.index[SILENCE_PHONE]))
    options = {**_DECODER_OPTIONS, "endpoint.silence-phones": silence}
    with atomic_text(folder / DECODER_FILE) as stream:
        stream.writelines(f"--{name}={value}\n" for name, value in options.items())
    with atomic_text(folder / SUBSAMPLING_FILE) as stream:
        stream.write(f"{SUBSAMPLING}\n")
