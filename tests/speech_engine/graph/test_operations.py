"""Operations on whole transducers leave every sentence and its cost as they are."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.speech_engine.graph import minimization
from arqon_maestro.speech_engine.graph.epsilon_removal import without_local_epsilons
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst
from arqon_maestro.speech_engine.graph.hmm import (
    HTransducer,
    Move,
    PhoneHmm,
    expanded,
    is_deterministic,
)
from arqon_maestro.speech_engine.graph.minimization import minimized
from arqon_maestro.speech_engine.graph.weight_pushing import pushed

Language = dict[tuple[tuple[int, ...], tuple[int, ...]], float]


def acyclic(seed: int, states: int = 9, arcs: int = 24, *, epsilons: float = 0.4) -> Fst:
    """A transducer whose arcs lead forward, so that what it accepts can be written down."""
    generator = np.random.default_rng(seed)
    sources = generator.integers(0, states - 1, arcs)
    targets = np.array([generator.integers(s + 1, states) for s in sources])
    finals = np.where(generator.random(states) < 0.3, generator.random(states), NOT_FINAL)
    finals[states - 1] = 0.5
    labels = [
        np.where(generator.random(arcs) < epsilons, 0, generator.integers(1, 4, arcs))
        for _ in range(2)
    ]
    weights = np.round(generator.random(arcs) * 4) / 4
    return Fst.of(0, finals.astype(np.float32), sources, *labels, weights, targets)


def language(fst: Fst) -> Language:
    """What a transducer without cycles accepts, with the least costs."""
    found: defaultdict[tuple[tuple[int, ...], tuple[int, ...]], float] = defaultdict(
        lambda: math.inf
    )
    stack = [(fst.start, (), (), 0.0)] if fst.start >= 0 else []
    while stack:
        state, inputs, outputs, cost = stack.pop()
        if np.isfinite(fst.finals[state]):
            key = (inputs, outputs)
            found[key] = min(found[key], cost + float(fst.finals[state]))
        for arc in range(fst.offsets[state], fst.offsets[state + 1]):
            label, word = int(fst.ilabels[arc]), int(fst.olabels[arc])
            stack.append(
                (
                    int(fst.targets[arc]),
                    (*inputs, label) if label else inputs,
                    (*outputs, word) if word else outputs,
                    cost + float(fst.weights[arc]),
                )
            )
    return dict(found)


def assert_same_language(first: Fst, second: Fst) -> None:
    ours, theirs = language(first), language(second)
    assert ours.keys() == theirs.keys()
    for key, cost in theirs.items():
        assert ours[key] == pytest.approx(cost, abs=1e-3)


@given(st.integers(0, 100_000))
def test_epsilons_are_removed(seed):
    fst = acyclic(seed)
    removed = without_local_epsilons(fst)
    assert_same_language(removed, fst)
    assert removed.num_arcs <= fst.connected().num_arcs


def test_a_chain_of_epsilons_becomes_one_arc():
    finals = np.array([NOT_FINAL] * 4 + [0], np.float32)
    inputs, outputs = np.array([0, 7, 0, 0]), np.array([3, 0, 0, 0])
    fst = Fst.of(0, finals, np.arange(4), inputs, outputs, np.ones(4), np.arange(1, 5))
    removed = without_local_epsilons(fst)
    assert (removed.num_states, removed.num_arcs) == (2, 1)
    assert_same_language(removed, fst)


def test_nothing_stays_nothing():
    nowhere = Fst.of(0, np.array([NOT_FINAL]), *np.zeros((5, 0), np.int64))
    assert without_local_epsilons(nowhere).num_states == 0
    assert minimized(Fst.empty(), 1.0).num_states == 0
    assert pushed(Fst.empty()).num_states == 0


@given(st.integers(0, 100_000), st.sampled_from([2.0**-16, 2.0**-10]))
def test_minimized_graphs_accept_the_same(seed, tolerance):
    fst = acyclic(seed).connected()
    small = minimized(fst, tolerance)
    assert_same_language(small, fst)
    assert small.num_states <= fst.num_states
    again = minimized(small, tolerance)
    assert again.num_states == small.num_states


def test_states_that_are_alike_are_merged():
    # A loop unrolled three times, with another order of arcs in each turn.
    turns = 3
    sources = np.repeat(np.arange(turns), 2)
    targets = np.repeat((np.arange(turns) + 1) % turns, 2)
    labels = np.array([1, 2, 2, 1, 1, 2])
    fst = Fst.of(1, np.zeros(turns, np.float32), sources, labels, labels + 1, labels * 0.5, targets)
    small = minimized(fst, 2.0**-16)
    assert (small.num_states, small.num_arcs, small.start) == (1, 2, 0)


def test_costs_tell_states_apart():
    finals = np.array([NOT_FINAL, 0.0, 0.25], np.float32)
    none, labels = np.zeros(2, np.int64), np.array([1, 2])
    fst = Fst.of(0, finals, none, labels, none, np.zeros(2), labels)
    assert minimized(fst, 2.0**-16).num_states == 3
    assert minimized(fst, 1.0).num_states == 2
    alike = replace(fst, finals=np.where(np.isfinite(finals), 0, finals).astype(np.float32))
    assert minimized(alike, 2.0**-16).num_states == 2


def test_hashes_that_collide_are_found_out(monkeypatch: pytest.MonkeyPatch):
    real: Callable[..., object] = minimization._classes
    seeds = []

    def colliding(graph, costs, finals, seed):
        seeds.append(seed)
        if len(seeds) == 1:
            return np.zeros(graph.num_states, np.int64)
        return real(graph, costs, finals, seed)

    monkeypatch.setattr(minimization, "_classes", colliding)
    fst = acyclic(1).connected()
    assert_same_language(minimized(fst, 2.0**-16), fst)
    assert len(seeds) == 2


def probabilities(fst: Fst) -> np.ndarray:
    """Sum of the probabilities of what each state may do next."""
    sums = np.exp(-fst.finals.astype(np.float64))
    np.add.at(sums, fst.sources, np.exp(-fst.weights.astype(np.float64)))
    return sums


@given(st.integers(0, 100_000))
def test_pushing_keeps_costs(seed):
    fst = acyclic(seed).connected()
    assert_same_language(pushed(fst), fst)


@given(st.integers(0, 1000))
def test_pushing_evens_out_the_states(seed):
    generator = np.random.default_rng(seed)
    states, arcs = 20, 80
    fst = Fst.of(
        0,
        (2 * generator.random(states)).astype(np.float32),
        np.concatenate([np.arange(states), generator.integers(0, states, arcs)]),
        np.ones(states + arcs),
        np.ones(states + arcs),
        3 * generator.random(states + arcs),
        np.concatenate([(np.arange(states) + 1) % states, generator.integers(0, states, arcs)]),
    )
    before, after = probabilities(fst), probabilities(pushed(fst))
    assert np.log(after.max() / after.min()) < 0.1 < np.log(before.max() / before.min())


@given(st.integers(0, 100_000))
def test_hmms_are_put_in_the_place_of_labels(seed):
    fst = acyclic(seed, states=6, arcs=8, epsilons=0.0)
    hmms = [
        PhoneHmm.single(0),
        PhoneHmm((Move(0, 1, 11, 0.5), Move(1, 2, 12, 0.25), Move(0, 2, 13, 1.0)), 2),
        PhoneHmm((Move(0, 1, 21, 0.125),), 1),
        PhoneHmm((Move(0, 1, 31, 0.5), Move(1, 2, 0, 0.5), Move(2, 3, 32, 0.0)), 3),
    ]
    ways = {
        0: [((), 0.0)],
        1: [((11, 12), 0.75), ((13,), 1.0)],
        2: [((21,), 0.125)],
        3: [((31, 32), 1.0)],
    }
    transducer = HTransducer(hmms, np.arange(4), np.zeros(0, np.int32))
    wanted: defaultdict[tuple[tuple[int, ...], tuple[int, ...]], float] = defaultdict(
        lambda: math.inf
    )
    for (inputs, outputs), cost in language(fst).items():
        for chosen in itertools.product(*(ways[label] for label in inputs)):
            labels = tuple(itertools.chain.from_iterable(part for part, _ in chosen))
            total = cost + sum(part for _, part in chosen)
            wanted[labels, outputs] = min(wanted[labels, outputs], total)
    found = language(expanded(fst, transducer))
    assert found.keys() == wanted.keys()
    for key, cost in wanted.items():
        assert found[key] == pytest.approx(cost, abs=1e-4)


def test_first_states_that_are_come_back_to():
    hmm = PhoneHmm((Move(0, 1, 5, 0.0), Move(1, 0, 6, 0.0), Move(1, 2, 7, 0.0)), 2).entered_once()
    assert hmm.last == 3
    assert hmm.moves[0] == Move(0, 1, 0, 0.0)
    assert all(move.target != 0 for move in hmm.moves)


def test_determinism_is_seen():
    ends = np.array([NOT_FINAL, 0], np.float32)

    def two_arcs(*labels: int) -> Fst:
        return Fst.of(
            0, ends, np.zeros(2, np.int64), np.array(labels), np.ones(2), np.zeros(2), np.ones(2)
        )

    assert is_deterministic(two_arcs(1, 2))
    assert not is_deterministic(two_arcs(2, 2))
    assert not is_deterministic(two_arcs(0, 2))
