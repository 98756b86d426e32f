"""The decoding graph of a request's hint words, made while somebody waits.

It is what Kaldi's steps make of the words: each once, between ``#nonterm_begin`` and
``#nonterm_end``, with optional silence behind it; phones in context; HMM states. Of so few words
nothing is determinized or minimized.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.decoder.graph import Arcs, DecodingGraph
from arqon_maestro.speech_engine.graph.context import (
    BEGIN,
    END,
    Symbols,
    left_biphones,
    monophones,
)
from arqon_maestro.speech_engine.graph.epsilon_removal import without_local_epsilons
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst
from arqon_maestro.speech_engine.graph.hmm import expanded, h_transducer
from arqon_maestro.speech_engine.graph.phone_table import PhoneTable
from arqon_maestro.speech_engine.graph.self_loops import with_self_loops
from arqon_maestro.speech_engine.kaldi.transition_model import TransitionModel
from arqon_maestro.speech_engine.kaldi.tree import ContextDependency

_START, _ENTERED, _BEFORE, _PAUSE, _AFTER, _FINAL = range(6)
#: What the runtime uses for these graphs, whatever the model.
SELF_LOOP_SCALE = 0.1


@dataclass(frozen=True, eq=False)
class HintCompiler:
    """Compiles hint words for one speech engine.

    Attributes:
        tree, transitions: of its acoustic model.
        phones: of its acoustic model.
        left_context: numbers of the phones that may come before a hint.
        offset: number of ``#nonterm_bos`` among the phones.
        silence_phone: between words.
        silence_probability: of a silence after a hint.
    """

    tree: ContextDependency
    transitions: TransitionModel
    phones: PhoneTable
    left_context: Sequence[int]
    offset: int
    silence_phone: str
    silence_probability: float = 0.5

    def compile(self, pronunciations: Iterable[tuple[int, Sequence[str]]]) -> DecodingGraph:
        """Returns the graph of some words.

        Args:
            pronunciations: number of a word, and phones without their places in the word.

        Raises:
            DataError: a phone that the model lacks, a word without phones, or no words.
        """
        words = self._words(pronunciations)
        symbols = Symbols((), self.offset)
        compose = left_biphones if self.tree.width == 2 else monophones
        found = compose(words, symbols)
        transducer = h_transducer(
            found.windows, self.tree, self.transitions, nonterminal_offset=self.offset
        )
        # Without epsilons the arcs of #nonterm_begin leave the start, where they are looked for.
        graph = without_local_epsilons(expanded(found.fst, transducer))
        return decoding_graph(with_self_loops(graph, self.transitions, scale=SELF_LOOP_SCALE))

    def _words(self, pronunciations: Iterable[tuple[int, Sequence[str]]]) -> Fst:
        """Returns the words as phones: LG."""
        silence = self.phones.ids[self.silence_phone]
        pause = -math.log(self.silence_probability)
        no_pause = -math.log(1 - self.silence_probability)
        context_cost = math.log(len(self.left_context))
        rows: list[tuple[int, int, int, float, int]] = [
            (_START, self.offset + BEGIN, 0, 0.0, _ENTERED),
            *((_ENTERED, phone, 0, context_cost, _BEFORE) for phone in self.left_context),
            (_PAUSE, silence, 0, 0.0, _AFTER),
            (_AFTER, self.offset + END, 0, 0.0, _FINAL),
        ]
        states = _FINAL + 1
        for word, plain in pronunciations:
            if not plain:
                raise DataError(f"hint number {word} without a pronunciation")
            self.phones.require(f"hint {word}", self.phones.placed(plain), None)
            ids = [self.phones.ids[phone] for phone in self.phones.placed(plain)]
            source, label = _BEFORE, word
            for phone in ids[:-1]:
                rows.append((source, phone, label, 0.0, states))
                source, label, states = states, 0, states + 1
            rows.append((source, ids[-1], label, pause, _PAUSE))
            rows.append((source, ids[-1], label, no_pause, _AFTER))
        if states == _FINAL + 1 and len(rows) == len(self.left_context) + 3:
            raise DataError("no hints", remedy="decode with the top graph alone")
        finals = np.full(states, NOT_FINAL)
        finals[_FINAL] = 0.0
        columns = np.array(rows, np.float64).T
        sources, phones, labels, targets = (columns[c].astype(np.int64) for c in (0, 1, 2, 4))
        return Fst.of(_START, finals, sources, phones, labels, columns[3], targets)


def decoding_graph(fst: Fst) -> DecodingGraph:
    """Returns a transducer as the search takes it."""
    arcs = Arcs(
        fst.offsets.astype(np.int64),
        fst.ilabels.astype(np.int32),
        fst.olabels.astype(np.int32),
        fst.weights.astype(np.float32),
        fst.targets.astype(np.int32),
    )
    return DecodingGraph(int(fst.start), fst.finals.astype(np.float32), arcs)
