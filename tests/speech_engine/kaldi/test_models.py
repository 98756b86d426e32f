"""Topology, tree and transition model: round trips, damage, and agreement with Kaldi's code."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.kaldi.io import KaldiReader, KaldiWriter
from arqon_maestro.speech_engine.kaldi.topology import (
    HmmState,
    HmmTopology,
    chain_topology,
    left_to_right_topology,
)
from arqon_maestro.speech_engine.kaldi.transition_model import (
    TransitionModel,
    read_transition_model,
)
from arqon_maestro.speech_engine.kaldi.tree import (
    PDF_CLASS_KEY,
    Constant,
    ContextDependency,
    EventMap,
    Split,
    Table,
    read_tree,
    table,
    untied_tree,
    write_tree,
)

PHONES = (1, 2, 3, 4)
TOPOLOGIES = {
    "chain": chain_topology(PHONES),
    "hmm": left_to_right_topology(PHONES[1:], PHONES[:1]),
}
ORACLE_TIMEOUT_S = 60

# The wheel carries Kaldi's own classes; it has a process of its own, as it may not load beside
# others.
ORACLE = """
import copyreg, json, sys
import kaldifst, kaldi_hmm_gmm as hg
answers = []
for case in json.load(sys.stdin):
    topology = hg.HmmTopology()
    topology.read(case["topology"])
    tree = copyreg.__newobj__(hg.ContextDependency)
    tree.__setstate__(([x - 256 if x > 127 else x for x in case["tree"]],))
    model = hg.TransitionModel(tree, topology)
    pdfs = model.transition_id_to_pdf_array
    pdfs = pdfs() if callable(pdfs) else pdfs
    answers.append({
        "tuples": [list(t.__reduce_ex__(2)[2][:4]) for t in model.tuples],
        "logs": [float(x) for x in model.log_probs],
        "pdfs": [int(x) for x in pdfs][1:],
        "width": [tree.context_width, tree.central_position, tree.num_pdfs],
    })
json.dump(answers, sys.stdout)
"""


def asking_tree(topology: HmmTopology, width: int, central: int) -> ContextDependency:
    """A tree that asks for each phone's neighbours, with pdfs of its own for each answer."""
    count = 0

    def leaf() -> Constant:
        nonlocal count
        count += 1
        return Constant(count - 1)

    def questions(keys: list[int], phone: int) -> EventMap:
        if not keys:
            return leaf()
        yes = frozenset({0, 1 + phone % len(PHONES)})
        return Split(keys[0], yes, questions(keys[1:], phone), leaf())

    others = [key for key in range(width) if key != central]
    by_phone = {
        p: table(
            PDF_CLASS_KEY, {c: questions(others, p + c) for c in range(topology.pdf_classes(p))}
        )
        for p in topology.phones
    }
    return ContextDependency(width, central, table(central, by_phone))


def cases() -> list[tuple[HmmTopology, ContextDependency]]:
    # Of chain models, Kaldi reads the left context only.
    windows = {"chain": ((2, 1), (3, 2)), "hmm": ((2, 1), (2, 0), (3, 1))}
    found = []
    for kind, topology in TOPOLOGIES.items():
        found.append((topology, untied_tree(topology)))
        found.append((topology, untied_tree(topology, width=2, central=1)))
        found += [(topology, asking_tree(topology, *window)) for window in windows[kind]]
    return found


def tree_bytes(tree: ContextDependency) -> bytes:
    writer = KaldiWriter(mark=False)
    tree.write(writer)
    return bytes(writer)


def model_bytes(model: TransitionModel) -> bytes:
    writer = KaldiWriter()
    model.write(writer)
    return bytes(writer)


def test_kaldi_makes_the_same_transition_models():
    described = [{"topology": t.to_text(), "tree": list(tree_bytes(c))} for t, c in cases()]
    run = subprocess.run(
        [sys.executable, "-c", ORACLE],
        input=json.dumps(described),
        capture_output=True,
        text=True,
        timeout=ORACLE_TIMEOUT_S,
    )
    assert run.returncode == 0, run.stderr
    for (topology, tree), answer in zip(cases(), json.loads(run.stdout), strict=True):
        model = TransitionModel.of(tree, topology)
        assert answer["width"] == [tree.width, tree.central, tree.num_pdfs]
        assert model.tuples.tolist() == answer["tuples"]
        np.testing.assert_allclose(model.log_probabilities, answer["logs"], atol=1e-6)
        assert model.pdfs[1:].tolist() == answer["pdfs"]


@pytest.mark.parametrize("number", range(9))
def test_models_come_back_from_their_files(number, tmp_path):
    topology, tree = cases()[number]
    write_tree(tmp_path / "tree", tree)
    assert read_tree(tmp_path / "tree") == tree
    model = TransitionModel.of(tree, topology)
    path = tmp_path / "final.mdl"
    path.write_bytes(model_bytes(model) + b"<Nnet3> what follows is left alone")
    again = read_transition_model(path)
    assert again.topology == topology
    np.testing.assert_array_equal(again.tuples, model.tuples)
    np.testing.assert_array_equal(again.log_probabilities, model.log_probabilities)
    assert model_bytes(again) == model_bytes(model)


@pytest.mark.parametrize("kind", ["chain", "hmm"])
def test_each_truncation_is_an_error(kind):
    topology = TOPOLOGIES[kind]
    tree = asking_tree(topology, 2, 1)
    whole = model_bytes(TransitionModel.of(tree, topology))
    for stop in range(2, len(whole) - 1, 7):
        with pytest.raises(DataError):
            TransitionModel.read(KaldiReader(whole[:stop], "final.mdl", 2))
    whole = tree_bytes(tree)
    for stop in range(0, len(whole) - 1, 7):
        with pytest.raises(DataError):
            ContextDependency.read(KaldiReader(whole[:stop], "tree"))


@settings(max_examples=60)
@given(st.data())
def test_damage_is_an_error_or_another_model_but_never_a_crash(data):
    kind = data.draw(st.sampled_from(["chain", "hmm"]))
    topology = TOPOLOGIES[kind]
    tree = asking_tree(topology, 2, 1)
    for whole, read in (
        (model_bytes(TransitionModel.of(tree, topology))[2:], TransitionModel.read),
        (tree_bytes(tree), ContextDependency.read),
    ):
        damaged = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 3))):
            damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        try:
            read(KaldiReader(bytes(damaged), "damaged"))
        except DataError as error:
            assert str(error)


def test_self_loops_and_what_is_left():
    model = TransitionModel.of(untied_tree(TOPOLOGIES["hmm"]), TOPOLOGIES["hmm"])
    assert model.num_transition_ids == sum(
        len(s.transitions) for p in PHONES for s in TOPOLOGIES["hmm"].states(p)
    )
    for state in range(1, len(model.tuples) + 1):
        first, end = model.first_ids[state], model.first_ids[state + 1]
        leaving = [t for t in range(first, end) if t != model.self_loops[state]]
        shares = [np.exp(model.leaving_log_probability(t)) for t in leaving]
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        assert model.states[first:end].tolist() == [state] * (end - first)
    chain = TransitionModel.of(untied_tree(TOPOLOGIES["chain"]), TOPOLOGIES["chain"])
    loops = chain.self_loops[1:]
    assert (chain.pdfs[loops] == chain.tuples[:, 3]).all()
    assert (chain.pdfs[loops] != chain.tuples[:, 2]).all()


def test_shared_pdfs():
    topology = chain_topology(PHONES)
    tree = untied_tree(topology, sharing=[(1, 2), (3,), (4,)])
    assert tree.pdf((1,), 0) == tree.pdf((2,), 0)
    assert tree.num_pdfs == 6
    with pytest.raises(DataError, match="phones without pdf"):
        untied_tree(topology, sharing=[(1, 2)])
    with pytest.raises(DataError, match="not their topology"):
        untied_tree(TOPOLOGIES["hmm"], sharing=[(1, 2), (3, 4)])


def test_a_tree_of_another_model_is_named():
    small = untied_tree(chain_topology([1, 2]))
    with pytest.raises(DataError, match="no pdf for class 0 of phone 3"):
        TransitionModel.of(small, TOPOLOGIES["chain"])
    with pytest.raises(DataError, match="no phone 9"):
        TOPOLOGIES["chain"].states(9)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ((HmmState(),), "no emitting state"),
        ((HmmState(0, 0, ((0, 1.0),)), HmmState(1, 1)), "not final"),
        ((HmmState(1, 1, ((1, 1.0),)), HmmState()), "don't count from 0"),
        ((HmmState(0, 0), HmmState()), "without transitions"),
        ((HmmState(0, 0, ((1, 0.5), (1, 0.5))), HmmState()), "one twice"),
        ((HmmState(0, 0, ((2, 1.0),)), HmmState()), "to nowhere"),
        ((HmmState(0, 0, ((0, 0.0), (1, 1.0))), HmmState()), "zero or less"),
        ((HmmState(0, 0, ((1, 0.5),)), HmmState()), "don't sum to one"),
        ((HmmState(0, -1, ((1, 1.0),)), HmmState()), "one pdf class"),
        (
            (HmmState(0, 0, ((1, 1.0),)), HmmState(-1, -1, ((2, 1.0),)), HmmState()),
            "emits nothing",
        ),
        ((HmmState(0, 0, ((2, 1.0),)), HmmState(0, 0, ((2, 1.0),)), HmmState()), "no transition"),
    ],
)
def test_topologies_that_cannot_be(entry, problem):
    with pytest.raises(DataError, match=problem):
        HmmTopology((entry,), {1: 0}).check("topo")


def test_trees_of_any_depth_end():
    data = b"ContextDependency \x04\x01\0\0\0\x04\0\0\0\0ToPdf "
    deep = data + b"TE \x04\0\0\0\0\xfc\x01\0\0\0( " * 5000
    with pytest.raises(DataError, match="levels"):
        ContextDependency.read(KaldiReader(deep, "tree"))


def test_pairs_are_those_of_all_contexts():
    topology = TOPOLOGIES["chain"]
    tree = asking_tree(topology, 3, 1)
    for phone in PHONES:
        windows = [(a, phone, b) for a in (0, *PHONES) for b in (0, *PHONES)]
        wanted = {(tree.pdf(w, 0), tree.pdf(w, 1)) for w in windows}
        assert tree.pdf_pairs(topology.phones, phone, 0, 1) == wanted


def test_a_window_that_the_tree_lacks():
    tree = dataclasses.replace(
        untied_tree(TOPOLOGIES["chain"]), to_pdf=Table(0, (None, Constant(0)))
    )
    assert tree.pdf((9,), 0) is None
    assert tree.pdf((0,), 0) is None
    assert tree.pdf((1,), 0) == 0
