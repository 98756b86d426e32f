"""Phones in context, against Kaldi's own composition in the wheel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph import context
from arqon_maestro.speech_engine.graph.context import (
    ContextGraph,
    Symbols,
    left_biphones,
    monophones,
)
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst
from arqon_maestro.speech_engine.graph.fst_file import read_fst, write_fst
from arqon_maestro.speech_engine.graph.native import run_native

SYMBOLS = Symbols((7, 8))
OFFSET = 10


def random_graph(seed: int, states: int = 15) -> Fst:
    """A deterministic graph of phones 1 to 5, with disambiguation symbols 7 and 8."""
    generator = np.random.default_rng(seed)
    sources, labels = [], []
    for state in range(states):
        chosen = generator.choice([1, 2, 3, 4, 5, 7, 8], generator.integers(1, 5), replace=False)
        sources += [state] * chosen.size
        labels += chosen.tolist()
    count = len(sources)
    finals = np.where(generator.random(states) < 0.3, 0.5, NOT_FINAL).astype(np.float32)
    return Fst.of(
        0,
        finals,
        np.array(sources),
        np.array(labels),
        generator.integers(0, 4, count),
        generator.random(count),
        generator.integers(0, states, count),
    ).connected()


def spelled_out(graph: ContextGraph) -> tuple[set[tuple[object, ...]], list[float]]:
    """Arcs with windows for labels, and states numbered by a walk in the order of windows."""
    fst = graph.fst
    numbers, order = {fst.start: 0}, [fst.start]
    arcs = set()
    for state in order:
        span = range(fst.offsets[state], fst.offsets[state + 1])
        for arc in sorted(span, key=lambda a: graph.windows[fst.ilabels[a]]):
            target = int(fst.targets[arc])
            if target not in numbers:
                numbers[target] = len(order)
                order.append(target)
            window = graph.windows[fst.ilabels[arc]]
            cost = round(float(fst.weights[arc]), 5)
            arcs.add((numbers[state], window, int(fst.olabels[arc]), cost, numbers[target]))
    return arcs, fst.finals[order].tolist()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("width", [1, 2])
def test_kaldi_composes_the_same(seed: int, width: int, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(context, "STATES_AT_ONCE", 7)
    graph = random_graph(seed)
    assert graph.num_states > 5
    write_fst(tmp_path / "LG.fst", graph)
    told = run_native(
        "CLG",
        "compose-context",
        [tmp_path / "LG.fst"],
        tmp_path / "CLG.fst",
        disambiguation=[7, 8],
        width=width,
        central=width - 1,
    )
    windows = [tuple(window) for window in told["windows"]]
    theirs = ContextGraph(read_fst(tmp_path / "CLG.fst").connected(), windows)
    ours = (monophones if width == 1 else left_biphones)(graph, SYMBOLS)
    assert spelled_out(ours) == spelled_out(theirs)


def chain(*labels: int) -> Fst:
    """A graph of one path."""
    count = len(labels)
    finals = np.append(np.full(count, NOT_FINAL), 0).astype(np.float32)
    none = np.zeros(count)
    return Fst.of(
        0, finals, np.arange(count), np.array(labels), none, none, np.arange(1, count + 1)
    )


def windows_of(graph: ContextGraph) -> list[context.Window]:
    fst = graph.fst
    return [graph.windows[fst.ilabels[fst.offsets[s]]] for s in range(fst.num_states - 1)]


BOS, BEGIN, END, REENTER, HINT = range(OFFSET, OFFSET + 5)
WITH_HINTS = Symbols((7, 8), OFFSET)


@pytest.mark.parametrize(
    ("labels", "windows"),
    [
        ((1, 2, 7, 3), [(0, 1), (1, 2), (-7,), (2, 3)]),
        ((1, HINT, 2, 3), [(0, 1), (-HINT, 1), (-REENTER, 2), (2, 3)]),
        ((HINT, BOS, 3), [(-HINT, BOS), (-REENTER, BOS), (0, 3)]),
        ((BEGIN, 4, 1, END), [(), (-BEGIN, 4), (4, 1), (-END, 1)]),
        ((BEGIN, BOS, END), [(), (-BEGIN, BOS), (-END, BOS)]),
    ],
)
def test_nonterminals_in_context(labels, windows):
    graph = left_biphones(chain(*labels), WITH_HINTS)
    assert windows_of(graph) == windows
    shorter = [w[1:] if len(w) == 2 and w[0] >= 0 else w for w in windows]
    assert windows_of(monophones(chain(*labels), WITH_HINTS)) == shorter


@pytest.mark.parametrize(
    "labels", [(1, BOS), (HINT, 7, 1), (HINT,), (BEGIN,), (1, BEGIN, 2), (END, 1), (1, END, END)]
)
def test_nonterminals_where_they_cannot_be(labels):
    assert left_biphones(chain(*labels), WITH_HINTS).fst.num_states == 0


def test_symbols_that_overlap():
    with pytest.raises(DataError, match="among the disambiguation symbols"):
        left_biphones(chain(1, HINT, 2), Symbols((7, HINT), OFFSET))
