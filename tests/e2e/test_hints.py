"""A name that no vocabulary has is recognised where the open file holds it, and only then.

Everything is trained here, on one voice and a few words: acoustic model, pronunciations, language
model, graph.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from arqon_maestro.pipeline.graph import build_graph
from arqon_maestro.speech_engine.acoustic.mfcc_options import default_options
from arqon_maestro.speech_engine.acoustic.training.bundle_writer import write_model
from arqon_maestro.speech_engine.acoustic.training.features import Example, FeatureJob
from arqon_maestro.speech_engine.acoustic.training.loop import Trainer, TrainingSettings
from arqon_maestro.speech_engine.acoustic.training.network import TdnnShape
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.acoustic.training.supervision import (
    estimate_phone_model,
    sample_phones,
)
from arqon_maestro.speech_engine.acoustic.training.synthesis import synthesize
from arqon_maestro.speech_engine.acoustic.training.utterances import TRAIN, Synthetic, Utterance
from arqon_maestro.speech_engine.graph.lang_folder import write_lang
from arqon_maestro.speech_engine.graph.phone_table import PhoneTable
from arqon_maestro.speech_engine.graph_export import EngineParts, export_graph_engine
from arqon_maestro.speech_engine.graph_recognizer import GraphRecognizer
from arqon_maestro.speech_engine.hint_words import hint_words
from arqon_maestro.speech_engine.lexicon.formats import write_lexicon
from arqon_maestro.speech_engine.lexicon.g2p import G2pSettings, train_g2p
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon
from arqon_maestro.speech_engine.lexicon.sources import cmu_dictionary, letters
from arqon_maestro.speech_engine.lexicon.vocabulary import HINT
from arqon_maestro.speech_engine.ngram import train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("flite") is None, reason="flite speaks here"),
]

SOURCE = '''\
def kubelet(rutabaga):
    """Frobnicate the tokamak."""
    return rutabaga.periwinkle(tokamak)
'''
NAMES = ("kubelet", "rutabaga", "frobnicate", "tokamak", "periwinkle")
COMMANDS = ("add function", "insert", "go to", "rename to")
VOICE = Synthetic("flite", "slt", 175.0, 1.0)
WORDS, UTTERANCES, G2P_WORDS = 200, 200, 3000
SETTINGS = TrainingSettings(epochs=10, batch_frames=2000, learning_rate=0.003, seed=5)
SHAPE = TdnnShape(dim=128, slow_layers=3)


def known_words(lexicon: Lexicon) -> list[str]:
    """Returns the words of the commands, and others that are drawn by lot."""
    spoken = {word for command in COMMANDS for word in command.split()}
    others = [
        word
        for word in sorted(set(lexicon.words()) - spoken - set(NAMES))
        if word.isalpha() and 3 <= len(word) <= 9
    ]
    return sorted(spoken) + random.Random(5).sample(others, WORDS)


def spoken_sentences(words: Sequence[str]) -> Iterator[Example]:
    """Yields commands with words drawn by lot, said by the voice."""
    chooser, job = random.Random(6), FeatureJob(default_options(), seed=5)
    for number in range(UTTERANCES):
        said = (*chooser.choice(COMMANDS).split(), *chooser.choices(words, k=3))
        heard = job.process(Utterance(f"u{number}", said, "slt", TRAIN, VOICE, distorted=False))
        assert heard.features is not None, heard.reason
        yield Example(f"u{number}", said, "slt", TRAIN, heard.features)


def train_acoustic_model(folder: Path, lexicon: Lexicon, words: Sequence[str]) -> Path:
    """Trains a small network on synthesised speech and writes it as a Kaldi model."""
    phones = PhoneSet()
    examples = list(spoken_sentences(words))
    ways = {
        word: [
            tuple(phones.index[phone] for phone in entry.phones)
            for entry in lexicon.pronunciations(word)
        ]
        for word in words
    }
    chooser = random.Random(7)
    model = estimate_phone_model(
        [sample_phones(example.words, ways, phones, chooser) for example in examples], phones
    )
    trained = Trainer(phones, model, ways, SHAPE, SETTINGS).train(examples, [], folder)
    write_model(folder, trained.network, phones, default_options())
    return folder


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> GraphRecognizer:
    folder = tmp_path_factory.mktemp("engine")
    everything = Lexicon.of([*cmu_dictionary(), *letters()]).without_stress()
    words = known_words(everything)
    known = everything.restricted(words)
    (folder / "model").mkdir()
    model = train_acoustic_model(folder / "model", known, words)
    # Names of the file are no words of the dictionary that pronunciations are learned from.
    dictionary = [entry for entry in everything if entry.word not in NAMES]
    settings = G2pSettings(training_words=G2P_WORDS, held_out_words=100, order=5)
    train_g2p(folder / "g2p.fst", dictionary, settings)
    chooser = random.Random(8)
    with open(folder / "text.txt", "w", encoding="utf-8") as stream:
        for word in [*words, *[HINT] * len(words)] * 3:
            stream.write(f"{chooser.choice(COMMANDS)} {word}\n")
            stream.write(f"{chooser.choice(COMMANDS)} {word} {chooser.choice(words)}\n")
    for name, order in (("search", 2), ("rescoring", 3)):
        train(folder / "text.txt", folder / f"{name}.arpa", order=order, min_counts=[1] * order)
    write_lang(folder / "lang", known, PhoneTable.read(model / "phones.txt"))
    build_graph(folder / "lang", folder / "search.arpa", model, folder / "graph")
    write_lexicon(folder / "lexicon.txt", known)
    parts = EngineParts(
        acoustic_model=model,
        lang=folder / "lang",
        graph=folder / "graph",
        lexicon=folder / "lexicon.txt",
        search=folder / "search.arpa",
        rescoring=folder / "rescoring.arpa",
        g2p=folder / "g2p.fst",
    )
    export_graph_engine(parts, folder / "exported")
    return GraphRecognizer(folder / "exported")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_open_file_is_heard_with_hints_alone(
    recognizer: GraphRecognizer, name: str
) -> None:
    hints = hint_words(SOURCE, recognizer.words)
    assert set(NAMES) <= set(hints)
    said = ("add", "function", name)
    speech = synthesize(said, VOICE)
    quiet = np.zeros(3000, np.int16)
    samples = np.concatenate([quiet, speech, quiet])
    without = [found.transcript for found in recognizer.transcribe(samples)]
    assert without and not any(name in transcript.split() for transcript in without)
    found = recognizer.transcribe(samples, hints=hints)
    assert found[0].transcript == " ".join(said)
