"""Tells what a graph is: states, arcs, size, vocabulary, order of its language model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arqon_maestro.artifacts import read_json
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.graph.compilation import GRAPH_FILE
from arqon_maestro.speech_engine.graph.fst_file import read_fst
from arqon_maestro.speech_engine.graph.grammar_preparation import SPECIAL_COST
from arqon_maestro.speech_engine.graph.hmm import NONTERMINAL_LABELS
from arqon_maestro.speech_engine.kaldi.symbol_table import read_symbols

#: Record of the step that made a graph folder, in it.
MANIFEST = "manifest.json"
#: Of an exported speech engine: its graph, and the graph's language model, packed.
_ENGINE_GRAPH, _ENGINE_MODEL = Path("graph"), Path("lang") / "const_arpa"


@dataclass(frozen=True)
class GraphInfo:
    """Facts about a graph.

    Attributes:
        path: the transducer.
        states: how many.
        arcs: how many.
        final_states: how many sentences may end in; marks for the runtime are none.
        input_epsilons: arcs that take no frame.
        nonterminal_arcs: arcs that lead into, or come from, another graph.
        size_bytes: of the file.
        vocabulary: words that have an arc; None for a file without ``words.txt`` beside it.
        order: of the language model; None where neither the step's record nor the packed model of
            an exported engine says it.
    """

    path: Path
    states: int
    arcs: int
    final_states: int
    input_epsilons: int
    nonterminal_arcs: int
    size_bytes: int
    vocabulary: int | None
    order: int | None


def graph_info(path: Path) -> GraphInfo:
    """Reads a graph folder, an exported speech engine, or any transducer.

    Raises:
        MissingPartError: there is none.
        DataError: a damaged file.
    """
    folder = path / _ENGINE_GRAPH if (path / _ENGINE_GRAPH / GRAPH_FILE).is_file() else path
    file = folder / GRAPH_FILE if path.is_dir() else path
    if not file.is_file():
        raise MissingPartError("no graph", where=file, remedy="maestro graph build")
    graph = read_fst(file)
    words = file.with_name("words.txt")
    vocabulary = None
    if words.is_file():
        numbers = np.unique(graph.olabels)
        known = np.array(sorted(read_symbols(words).values()))
        vocabulary = int(np.isin(numbers[numbers > 0], known).sum())
    return GraphInfo(
        file,
        graph.num_states,
        graph.num_arcs,
        int((graph.is_final & (graph.finals != SPECIAL_COST)).sum()),
        int((graph.ilabels == 0).sum()),
        int((graph.ilabels >= NONTERMINAL_LABELS).sum()),
        file.stat().st_size,
        vocabulary,
        _order(file),
    )


def _order(file: Path) -> int | None:
    model = file.parent.parent / _ENGINE_MODEL
    if file.parent.name == _ENGINE_GRAPH.name and model.is_file():
        from arqon_maestro.speech_engine.ngram.const_arpa_reader import read_const_arpa

        return read_const_arpa(model).order
    try:
        order = read_json(file.with_name(MANIFEST))["notes"]["G"]["order"]
    except (MissingPartError, DataError, KeyError, TypeError):
        return None
    return order if isinstance(order, int) else None
