"""Small speech engines with a random acoustic model."""

import numpy as np

from arqon_maestro.speech_engine.acoustic.model import acoustic_model, write_acoustic_model
from arqon_maestro.speech_engine.acoustic.nnet3.network import Nnet
from arqon_maestro.speech_engine.graph_export import EngineParts
from arqon_maestro.speech_engine.ngram import train
from tests.speech_engine.acoustic.networks import affine, relu
from tests.speech_engine.graph.conftest import LEXICON, make_world

COEFFICIENTS = 40
HIDDEN = 16


def random_network(pdfs, seed=3):
    """Returns a network whose scores differ by a unit or two from frame to frame."""
    chooser = np.random.default_rng(seed)
    components = {
        "a": affine(chooser, HIDDEN, 3 * COEFFICIENTS, "Affine"),
        "b": relu(HIDDEN),
        "c": affine(chooser, pdfs, HIDDEN, "Affine"),
    }
    components["a"].fields["LinearParams"] *= 0.1
    components["c"].fields["LinearParams"] *= 0.04
    lines = (
        f"input-node name=input dim={COEFFICIENTS}",
        "component-node name=a component=a input=Append(Offset(input, -1), input, "
        "Offset(input, 1))",
        "component-node name=b component=b input=a",
        "component-node name=c component=c input=b",
        "output-node name=output input=c objective=linear",
    )
    return Nnet.of(lines, components)


def make_engine(folder, *, hints=True):
    """Builds all parts of a speech engine below a folder."""
    world = make_world(folder, "chain", hints=hints)
    network = random_network(world.model.num_pdfs)
    write_acoustic_model(folder / "model" / "final.mdl", acoustic_model(world.model, network))
    (folder / "lexicon.txt").write_text(LEXICON + "tool T UW L\n")
    rescoring = folder / "rescoring.arpa"
    train(folder / "text.txt", rescoring, order=4, min_counts=[1, 1, 1, 1])
    return EngineParts(
        acoustic_model=folder / "model",
        lang=folder / "lang",
        graph=folder / "graph",
        lexicon=folder / "lexicon.txt",
        search=world.arpa,
        rescoring=rescoring,
    )


def noise(seed, seconds=1.0):
    """Returns noise that swells and fades, `(T,)` int16 at 16 kHz."""
    chooser = np.random.default_rng(seed)
    samples = chooser.normal(size=int(seconds * 16000))
    envelope = np.interp(
        np.arange(samples.size), np.linspace(0, samples.size, 12), chooser.uniform(0, 1, 12)
    )
    tone = np.sin(np.cumsum(chooser.uniform(0.02, 0.6, samples.size)))
    return ((samples * 0.2 + tone) * envelope * 6000).astype(np.int16)
