"""Hints inside a decoding graph against the same graph with all copies written out."""

import numpy as np
import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.decoder.grammar import GrammarGraph, TopGraph
from arqon_maestro.speech_engine.decoder.graph import DecodingGraph
from arqon_maestro.speech_engine.graph.context import BEGIN, END, REENTER, USER_DEFINED
from arqon_maestro.speech_engine.graph.hmm import NONTERMINAL_LABELS, encoding_multiple
from tests.speech_engine.decoder.graphs import accepted, arcs_of, random_graph, random_scores
from tests.speech_engine.decoder.test_search import decoded

OFFSET = 20
PHONES = (3, 7)


def label(kind, phone):
    return NONTERMINAL_LABELS + encoding_multiple(OFFSET) * (OFFSET + kind) + phone


def rows_of(graph):
    return [(state, *arc) for state, arcs in enumerate(arcs_of(graph)) for arc in arcs]


def graph_of(rows, finals, start=0):
    columns = list(zip(*rows, strict=True))
    kinds = (np.int32, np.int32, np.int32, np.float32, np.int32)
    sources, ilabels, olabels, weights, nexts = (
        np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)
    )
    return DecodingGraph.of(
        start, np.array(finals, np.float32), sources, ilabels, olabels, weights, nexts
    )


def top_graph(seed):
    """Returns a graph with two places for hints, which are entered from several states."""
    rng = np.random.default_rng(seed)
    plain = random_graph(seed, 6, 14)
    rows = rows_of(plain)
    # Silent arcs go upwards only, so the places of hints are above all other states.
    for source in rng.choice(6, 3, replace=False):
        place = 6 + int(rng.integers(2))
        for phone in PHONES:
            rows.append((source, label(USER_DEFINED, phone), 0, float(rng.uniform(0, 1)), place))
    for place in (6, 7):
        for phone in PHONES:
            target = 8 + int(rng.integers(2))
            rows.append((place, label(REENTER, phone), 0, float(rng.uniform(0, 1)), target))
    for state in (8, 9):
        rows.append((state, 1 + int(rng.integers(3)), 0, 0.5, int(rng.integers(6))))
    finals = [*plain.final_costs.tolist(), np.inf, np.inf, 0.25, np.inf]
    return graph_of(rows, finals)


def hint_graph(seed):
    rng = np.random.default_rng(seed + 1000)
    rows = []
    for phone in PHONES:
        rows.append((0, label(BEGIN, phone), 0, float(rng.uniform(0, 1)), 1))
    for word in (8, 9):
        rows.append((1, 1 + int(rng.integers(4)), word, float(rng.uniform(0, 1)), 2 + word % 2))
    rows.append((2, 0, 0, 0.125, 4))
    rows.append((3, 2, 0, 0.5, 3))
    rows.append((3, 1, 0, 0.25, 4))
    for state, phone in ((4, 3), (3, 7)):
        rows.append((state, label(END, phone), 0, float(rng.uniform(0, 1)), 5))
    return graph_of(rows, [np.inf] * 5 + [0.0])


def written_out(top, hints):
    """Returns the top graph with a copy of the hints for each place, made by hand."""
    multiple = encoding_multiple(OFFSET)
    top_rows, hint_rows = rows_of(top), rows_of(hints)
    kind_of = {
        row: (row[1] - NONTERMINAL_LABELS) // multiple - OFFSET for row in top_rows + hint_rows
    }
    plain = [row for row in top_rows if row[1] < NONTERMINAL_LABELS]
    finals = top.final_costs.tolist()
    begins = {row[1] % multiple: row for row in hint_rows if row[1] > 0 and kind_of[row] == BEGIN}
    for place in sorted({row[4] for row in top_rows if kind_of[row] == USER_DEFINED}):
        base = len(finals)
        finals += [np.inf] * hints.size
        back = {
            row[1] % multiple: row
            for row in top_rows
            if row[0] == place and kind_of[row] == REENTER
        }
        for row in top_rows:
            if kind_of[row] == USER_DEFINED and row[4] == place:
                begin = begins[row[1] % multiple]
                cost = row[3] + begin[3] - np.log(len(begins))
                plain.append((row[0], 0, 0, cost, base + begin[4]))
        for source, ilabel, olabel, weight, target in hint_rows:
            if ilabel < NONTERMINAL_LABELS:
                plain.append((base + source, ilabel, olabel, weight, base + target))
            elif kind_of[source, ilabel, olabel, weight, target] == END:
                after = back[ilabel % multiple]
                cost = weight + after[3] - np.log(len(back))
                plain.append((base + source, 0, 0, cost, after[4]))
    return graph_of(plain, finals)


@pytest.mark.parametrize("seed", range(40))
def test_hints_are_as_if_they_were_written_out(seed):
    top, hints = top_graph(seed), hint_graph(seed)
    scores = random_scores(seed, 5)
    expected = accepted(written_out(top, hints), scores)
    grammar = GrammarGraph(TopGraph(top, OFFSET), hints)
    tokens, found = decoded(grammar, scores)
    assert tokens.reached_final == bool(expected)
    if expected:
        assert found == pytest.approx(expected, abs=1e-4)


def test_some_of_them_hold_hints():
    holds = [
        any(
            {8, 9} & set(words)
            for words in accepted(
                written_out(top_graph(seed), hint_graph(seed)), random_scores(seed, 5)
            )
        )
        for seed in range(40)
    ]
    assert sum(holds) > 10


def test_one_top_graph_serves_many_requests():
    top = TopGraph(top_graph(4), OFFSET)
    scores = random_scores(4, 5)
    first = decoded(GrammarGraph(top, hint_graph(4)), scores)[1]
    decoded(GrammarGraph(top, hint_graph(5)), scores)
    assert decoded(GrammarGraph(top, hint_graph(4)), scores)[1] == first


def test_what_does_not_fit_together():
    top, hints = top_graph(0), hint_graph(0)
    rows, finals = rows_of(hints), hints.final_costs
    with pytest.raises(DataError, match="cannot begin after phone 3"):
        GrammarGraph(TopGraph(top, OFFSET), graph_of(rows[1:], finals))
    nested = (1, label(USER_DEFINED, 3), 0, 0.0, 2)
    with pytest.raises(DataError, match="nonterminals of its own"):
        GrammarGraph(TopGraph(top, OFFSET), graph_of([*rows, nested], finals))
    rows = rows_of(top)
    with pytest.raises(DataError, match="does not come back"):
        TopGraph(graph_of([row for row in rows if row[0] != 6], top.final_costs), OFFSET)
    with pytest.raises(DataError, match="another phone set"):
        TopGraph(top, OFFSET + 9)
    other = (0, label(USER_DEFINED + 1, 3), 0, 0.0, 6)
    with pytest.raises(DataError, match="several nonterminals"):
        TopGraph(graph_of([*rows, other], top.final_costs), OFFSET)
    ends = [
        (*row[:1], label(END, 5), *row[2:]) if row[1] == label(END, 3) else row
        for row in rows_of(hints)
    ]
    with pytest.raises(DataError, match="end in phone 5"):
        decoded(GrammarGraph(TopGraph(top, OFFSET), graph_of(ends, finals)), random_scores(0, 8))
