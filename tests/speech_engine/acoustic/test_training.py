"""The parts of the training: phones, graphs of transcripts, objective, loop, model files."""

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.acoustic.kaldi_bundle import read_kaldi_bundle
from arqon_maestro.speech_engine.acoustic.mfcc_options import default_options
from arqon_maestro.speech_engine.acoustic.nnet3.computation import Stream
from arqon_maestro.speech_engine.acoustic.training.batches import TOO_SHORT
from arqon_maestro.speech_engine.acoustic.training.bundle_writer import write_model
from arqon_maestro.speech_engine.acoustic.training.checkpoint import CHECKPOINT_FILE
from arqon_maestro.speech_engine.acoustic.training.decoding import (
    align,
    recognise_phones,
    said_phones,
)
from arqon_maestro.speech_engine.acoustic.training.features import Example
from arqon_maestro.speech_engine.acoustic.training.kaldi_model import from_kaldi, to_kaldi
from arqon_maestro.speech_engine.acoustic.training.loop import Trainer, TrainingSettings
from arqon_maestro.speech_engine.acoustic.training.network import Tdnn, TdnnShape
from arqon_maestro.speech_engine.acoustic.training.objective import (
    DenominatorGraph,
    NumeratorGraph,
    lf_mmi,
    occupancies,
)
from arqon_maestro.speech_engine.acoustic.training.perturbation import PerturbationRanges
from arqon_maestro.speech_engine.acoustic.training.phone_set import (
    FORWARD_CLASS,
    LEFT_CLASSES,
    SELF_LOOP_CLASS,
    PhoneSet,
)
from arqon_maestro.speech_engine.acoustic.training.scoring import score
from arqon_maestro.speech_engine.acoustic.training.supervision import (
    estimate_phone_model,
    sample_phones,
    supervise,
)
from arqon_maestro.speech_engine.kaldi.transition_model import TransitionModel
from arqon_maestro.speech_engine.lexicon.pronunciations import PHONES

LEXICON = {"a": [(2, 5)], "b": [(7,), (7, 8)], "c": [(9, 10, 11)]}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small tensors gain nothing from more, and wait for cores that are busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def phones():
    return PhoneSet()


@pytest.fixture(scope="module")
def model(phones):
    chooser = random.Random(0)
    sentences = [[chooser.choice("abc") for _ in range(3)] for _ in range(50)]
    sequences = [sample_phones(words, LEXICON, phones, chooser) for words in sentences]
    return estimate_phone_model(sequences, phones)


def test_every_phone_has_one_class_of_left_context():
    named = [name for names in LEFT_CLASSES for name in names]
    assert sorted(named) == sorted([*PHONES, "SIL", "SPN"])


@pytest.mark.parametrize("position_dependent", [False, True])
def test_tree_has_the_pdfs_of_the_tables(position_dependent):
    phones = PhoneSet(position_dependent)
    tree = phones.tree()
    for left, phone in itertools.product(range(len(phones.names) + 1), range(len(phones.names))):
        lefts = phones.ids(left) if left < len(phones.names) else (0,)
        for window in itertools.product(lefts, phones.ids(phone)):
            assert tree.pdf(window, FORWARD_CLASS) == phones.forward_pdfs[left, phone]
            assert tree.pdf(window, SELF_LOOP_CLASS) == phones.self_loop_pdfs[phone]
    transitions = TransitionModel.of(tree, phones.topology())
    assert transitions.num_pdfs == phones.num_pdfs == tree.num_pdfs


def test_phone_model_sums_to_one(phones, model):
    assert np.allclose(model.next.sum(axis=2) + model.end, 1)
    assert model.first.sum() == pytest.approx(1)


def paths(supervision):
    """Yields every way through a graph: nodes, and probability without self-loops."""
    stack = [([node], supervision.start[node]) for node in np.flatnonzero(supervision.start)]
    while stack:
        nodes, probability = stack.pop()
        if supervision.end[nodes[-1]]:
            yield nodes, probability * supervision.end[nodes[-1]]
        for following in np.flatnonzero(supervision.arcs[nodes[-1]]):
            arc = supervision.arcs[nodes[-1], following]
            stack.append(([*nodes, following], probability * arc))


def test_graph_has_all_pronunciations_and_pauses(phones, model):
    silence = phones.index["SIL"]
    supervision = supervise(["b", "a"], LEXICON, phones, model)
    found = set()
    for nodes, probability in paths(supervision):
        said = supervision.self_loop_pdfs[nodes] // phones.pdfs_per_phone
        found.add(tuple(int(phone) for phone in said))
        # The probability is that of the phone model.
        lefts = [phones.start, *said[:-1]]
        wanted = model.first[said[0]] * model.end[lefts[-1], said[-1]]
        for left, phone, following in zip(lefts, said, said[1:], strict=False):
            wanted *= model.next[left, phone, following]
        assert probability == pytest.approx(wanted)
        assert list(supervision.forward_pdfs[nodes]) == [
            phones.forward_pdfs[left, phone] for left, phone in zip(lefts, said, strict=True)
        ]
    pauses = [(), (silence,)]
    wanted = {
        (*one, *b, *two, 2, 5, *three)
        for one, two, three in itertools.product(pauses, repeat=3)
        for b in LEXICON["b"]
    }
    assert found == wanted
    assert supervision.shortest == 3


def test_words_without_pronunciation(phones, model):
    with pytest.raises(DataError, match=r"no pronunciation: \['d'\]"):
        supervise(["a", "d"], LEXICON, phones, model)
    with pytest.raises(DataError):
        supervise([], LEXICON, phones, model)


def total_by_enumeration(supervision, scores):
    """Log of the summed probability of all ways and all lengths of stay."""
    frames, total = len(scores), []
    for nodes, probability in paths(supervision):
        for ends in itertools.combinations(range(1, frames), len(nodes) - 1):
            bounds = [0, *ends, frames]
            value = np.log(probability)
            for node, start, stop in zip(nodes, bounds, bounds[1:], strict=False):
                value += scores[start, supervision.forward_pdfs[node]]
                value += scores[start + 1 : stop, supervision.self_loop_pdfs[node]].sum()
            total.append(value)
    return np.logaddexp.reduce(total)


def test_numerator_is_the_sum_over_all_ways(phones, model):
    supervisions = [supervise(list(words), LEXICON, phones, model) for words in ("b", "a")]
    scores = torch.randn(2, 6, phones.num_pdfs, generator=torch.Generator().manual_seed(1)) * 3
    lengths = torch.tensor([6, 4])
    found, shares = occupancies(NumeratorGraph(supervisions), scores, lengths)
    for row, length in enumerate(lengths.tolist()):
        wanted = total_by_enumeration(supervisions[row], scores[row, :length].double().numpy())
        assert float(found[row]) == pytest.approx(wanted, abs=1e-5)
        assert torch.allclose(shares[row, :length].sum(dim=1), torch.ones(length), atol=1e-5)
    assert not shares[1, 4:].any()


def test_denominator_is_the_sum_over_all_sequences(phones, model):
    graph = DenominatorGraph(phones, model)
    scores = torch.randn(1, 3, phones.num_pdfs, generator=torch.Generator().manual_seed(2))
    found, _ = occupancies(graph, scores, torch.tensor([3]))
    rows = scores[0].double().numpy()
    forward, loop = phones.forward_pdfs, phones.self_loop_pdfs
    first = model.first * np.exp(rows[0, forward[phones.start]])
    total = 0.0
    for stay in itertools.product([False, True], repeat=2):
        # State (left, phone) as a matrix.
        mass = np.zeros(model.end.shape)
        mass[phones.start] = first
        for frame, stays in enumerate(stay, 1):
            if stays:
                mass = mass * np.exp(rows[frame, loop])
            else:
                entered = np.einsum("lp,lpq->pq", mass, model.next)
                mass = np.zeros_like(mass)
                mass[:-1] = entered * np.exp(rows[frame, forward[:-1]])
        total += (mass * model.end).sum()
    assert float(found) == pytest.approx(np.log(total), abs=1e-4)


def test_gradient_is_that_of_the_value(phones, model):
    supervisions = [supervise(list(words), LEXICON, phones, model) for words in ("ab", "c")]
    numerator, denominator = NumeratorGraph(supervisions), DenominatorGraph(phones, model)
    outputs = torch.randn(2, 9, phones.num_pdfs, generator=torch.Generator().manual_seed(3))
    outputs.requires_grad_()
    lengths = torch.tensor([9, 6])
    value, _ = lf_mmi(outputs, lengths, numerator, denominator)
    value.backward()
    assert float(value.detach()) < 0
    for place in [(0, 3, int(supervisions[0].self_loop_pdfs[2])), (1, 2, 30), (1, 8, 5)]:
        step = 0.05
        values = []
        for sign in (1, -1):
            moved = outputs.detach().clone()
            moved[place] += sign * step
            values.append(float(lf_mmi(moved, lengths, numerator, denominator)[0]))
        slope = (values[0] - values[1]) / (2 * step)
        assert float(outputs.grad[place]) == pytest.approx(slope, abs=2e-4)


def test_alignment_and_recognition_follow_the_scores(phones, model):
    supervision = supervise(["a", "b"], LEXICON, phones, model)
    nodes = max((nodes for nodes, _ in paths(supervision)), key=len)
    frames = [node for node in nodes for _ in range(3)]
    scores = np.full((len(frames), phones.num_pdfs), -20.0)
    for frame, node in enumerate(frames):
        new = frame % 3 == 0
        scores[frame, (supervision.forward_pdfs if new else supervision.self_loop_pdfs)[node]] = 0
    found = align(scores, supervision)
    assert list(found) == frames
    wanted = [int(pdf) // phones.pdfs_per_phone for pdf in supervision.self_loop_pdfs[nodes]]
    assert said_phones(found, supervision, phones) == wanted
    assert recognise_phones(scores, phones, model) == wanted


SHAPE = TdnnShape(dim=24, slow_layers=1)
SETTINGS = TrainingSettings(
    epochs=3, batch_frames=400, learning_rate=0.01, save_every=1, warmup_share=0.1
)


def examples(phones, count, split="train", seed=0):
    """Utterances whose features are noise about a place of each phone's own."""
    places = np.random.default_rng(99).standard_normal((len(phones.names), 40)) * 5
    made = []
    for number in range(count):
        chooser = random.Random(f"{seed} {split} {number}")
        words = tuple(chooser.choice("abc") for _ in range(3))
        said = sample_phones(words, LEXICON, phones, chooser)
        rows = np.repeat(places[said], [chooser.randint(6, 12) for _ in said], axis=0)
        noise = np.random.default_rng((seed, number)).standard_normal(rows.shape)
        features = (rows + noise).astype(np.float16)
        made.append(Example(f"{split}-{number}", words, "one", split, features))
    return made


def trainer(phones, model, settings=SETTINGS):
    return Trainer(phones, model, LEXICON, SHAPE, settings)


def test_training_learns(phones, model, tmp_path):
    teacher = trainer(phones, model)
    made = teacher.train(examples(phones, 30), examples(phones, 4, "valid"), tmp_path)
    assert made.log[-1]["valid"] > made.log[0]["valid"] > -3
    scores = score(teacher, made.network, examples(phones, 6, "test", seed=1))
    assert scores["phone_error_rate"] < 0.5 and scores["utterances"] == 6


class StoppedError(Exception):
    """Stands for a killed process."""


@pytest.mark.parametrize("ranges", [None, PerturbationRanges()], ids=["plain", "perturbed"])
def test_interrupted_training_ends_where_the_other_does(
    phones, model, tmp_path, monkeypatch, ranges
):
    settings = replace(SETTINGS, perturbation=ranges)
    train, valid = examples(phones, 12), examples(phones, 2, "valid")
    whole = trainer(phones, model, settings).train(train, valid, tmp_path / "whole")
    cut = trainer(phones, model, settings)
    losses = iter(range(5))
    loss = cut._loss

    def dies(*arguments):
        if next(losses, None) is None:
            raise StoppedError
        return loss(*arguments)

    monkeypatch.setattr(cut, "_loss", dies)
    with pytest.raises(StoppedError):
        cut.train(train, valid, tmp_path / "cut")
    assert (tmp_path / "cut" / CHECKPOINT_FILE).is_file()
    again = trainer(phones, model, settings).train(train, valid, tmp_path / "cut")
    assert again.updates == whole.updates
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name


def test_damaged_checkpoint(phones, model, tmp_path):
    (tmp_path / CHECKPOINT_FILE).write_bytes(b"no checkpoint")
    with pytest.raises(DataError, match="cannot be read"):
        trainer(phones, model).train(examples(phones, 3), [], tmp_path)


def test_utterances_that_are_too_short_are_counted(phones, model, tmp_path):
    short = Example("short", ("c", "c"), "one", "train", np.zeros((12, 40), np.float16))
    made = trainer(phones, model).train([*examples(phones, 4), short], [], tmp_path)
    assert made.rejects == {TOO_SHORT: 1}
    with pytest.raises(DataError, match="no utterance"):
        trainer(phones, model).train([short], [], tmp_path / "none")


def random_network(phones, seed=0):
    torch.manual_seed(seed)
    network = Tdnn(40, phones.num_pdfs, SHAPE)
    for layer in (network.output, network.cross_entropy):
        torch.nn.init.normal_(layer.weight, std=0.2)
    network.train()
    network(torch.randn(4, 60, 40) * 8)
    return network.eval()


@pytest.mark.parametrize("frames", [1, 2, 3, 50])
def test_kaldi_network_computes_what_the_trained_one_does(phones, frames):
    network = random_network(phones)
    features = torch.randn(1, frames, 40, generator=torch.Generator().manual_seed(4)) * 8
    with torch.no_grad():
        chain, cross_entropy = network(features)
    kaldi = to_kaldi(network, phones)
    for output, wanted in (("output", chain), ("output-xent", cross_entropy)):
        stream = Stream(kaldi.network, output=output)
        stream.accept(features[0].numpy(), last=True)
        found = stream.compute()
        assert found.shape == wanted[0].shape
        assert np.abs(found - wanted[0].numpy()).max() < 1e-4


@pytest.mark.parametrize("position_dependent", [False, True])
def test_written_model_is_a_bundle_that_can_be_trained_further(tmp_path, position_dependent):
    phones = PhoneSet(position_dependent)
    network = random_network(phones)
    write_model(tmp_path, network, phones, default_options())
    bundle = read_kaldi_bundle(tmp_path)
    assert bundle.mfcc == default_options() and bundle.subsampling == 3
    assert bundle.phones.position_dependent == position_dependent
    shape, weights = from_kaldi(bundle.model)
    assert shape == SHAPE
    again = Tdnn(40, phones.num_pdfs, shape)
    again.load_state_dict(weights)
    features = torch.randn(1, 30, 40)
    assert torch.equal(again.eval()(features)[0], network(features)[0])


def test_other_models_cannot_be_trained_further(tmp_path, phones):
    from arqon_maestro.speech_engine.acoustic.model import read_acoustic_model
    from tests.speech_engine.acoustic.bundles import write_bundle

    with pytest.raises(DataError, match="not a model that was trained by this program"):
        from_kaldi(read_acoustic_model(write_bundle(tmp_path) / "final.mdl"))
