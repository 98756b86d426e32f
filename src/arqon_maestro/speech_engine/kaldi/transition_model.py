"""The transition model, head of every Kaldi acoustic model: transition ids and what they mean.

Source: Kaldi's ``hmm/transition-model``. A transition state is a tuple (phone, HMM state, forward
pdf, self-loop pdf); each of its transitions has a transition id, counted from 1.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.kaldi.io import KaldiReader, KaldiWriter
from arqon_maestro.speech_engine.kaldi.topology import NO_PDF, HmmTopology
from arqon_maestro.speech_engine.kaldi.tree import PDF_CLASS_KEY, ContextDependency

#: The least that a state keeps for leaving it, as in Kaldi.
_LEAST_LEAVING = 1e-10


@dataclass(frozen=True, eq=False)
class TransitionModel:
    """Transition states and their probabilities.

    S: transition states. T: transition ids, of which 0 is none.

    Attributes:
        topology: of the phones.
        tuples: `(S, 4)` phone, HMM state, forward pdf, self-loop pdf; sorted. State s is row s - 1.
        log_probabilities: `(T,)` natural logarithms; the first is of no transition.
    """

    topology: HmmTopology
    tuples: NDArray[np.int32]
    log_probabilities: NDArray[np.float32]

    @classmethod
    def of(cls, tree: ContextDependency, topology: HmmTopology) -> TransitionModel:
        """Returns the transition model of a tree, with the probabilities of the topology.

        Raises:
            DataError: the tree has no pdf for a phone of the topology.
        """
        rows = _hmm_tuples(tree, topology) if topology.is_hmm else _chain_tuples(tree, topology)
        tuples = np.array(sorted(rows), np.int32).reshape(-1, 4)
        logs = [0.0]
        for phone, state, _, _ in tuples:
            moves = topology.states(int(phone))[int(state)].transitions
            logs += [float(np.log(np.float32(probability))) for _, probability in moves]
        return cls(topology, tuples, np.array(logs, np.float32))

    @property
    def num_transition_ids(self) -> int:
        """How many transition ids there are; the highest of them."""
        return int(self.first_ids[-1]) - 1

    @cached_property
    def first_ids(self) -> NDArray[np.int32]:
        """First transition id of each transition state, `(S + 2,)`; the last is past the end."""
        counts = [
            len(self.topology.states(int(phone))[int(state)].transitions)
            for phone, state in self.tuples[:, :2]
        ]
        return np.concatenate([[0], 1 + np.cumsum([0, *counts])]).astype(np.int32)

    @cached_property
    def states(self) -> NDArray[np.int32]:
        """Transition state of each transition id, `(T,)`; 0 for 0."""
        ids = np.zeros(self.num_transition_ids + 1, np.int32)
        ids[1:] = np.repeat(np.arange(1, len(self.tuples) + 1), np.diff(self.first_ids[1:]))
        return ids

    @cached_property
    def self_loops(self) -> NDArray[np.int32]:
        """Transition id of the self-loop of each transition state, `(S + 1,)`; 0 for none."""
        loops = np.zeros(len(self.tuples) + 1, np.int32)
        for row, (phone, state) in enumerate(self.tuples[:, :2], 1):
            moves = self.topology.states(int(phone))[int(state)].transitions
            for index, (target, _) in enumerate(moves):
                if target == state:
                    loops[row] = self.first_ids[row] + index
        return loops

    @cached_property
    def pdfs(self) -> NDArray[np.int32]:
        """Pdf of each transition id, `(T,)`; -1 for 0."""
        states = self.states[1:]
        ids = np.arange(1, self.num_transition_ids + 1)
        is_loop = self.self_loops[states] == ids
        rows = self.tuples[states - 1]
        return np.concatenate([[NO_PDF], np.where(is_loop, rows[:, 3], rows[:, 2])]).astype(
            np.int32
        )

    @property
    def num_pdfs(self) -> int:
        """One more than the highest pdf."""
        return 1 + int(self.tuples[:, 2:].max())

    @cached_property
    def phones(self) -> NDArray[np.int32]:
        """Phone of each transition id, `(T,)`; 0 for 0."""
        return np.concatenate([[0], self.tuples[self.states[1:] - 1, 0]]).astype(np.int32)

    @cached_property
    def leaving_log_probabilities(self) -> NDArray[np.float32]:
        """Of not taking the self-loop, by transition state, `(S + 1,)`."""
        stay = np.exp(self.log_probabilities[self.self_loops].astype(np.float64))
        leave = np.maximum(1.0 - stay.astype(np.float32).astype(np.float64), _LEAST_LEAVING)
        return np.where(self.self_loops > 0, np.log(leave), 0.0).astype(np.float32)

    @cached_property
    def _rows(self) -> dict[tuple[int, ...], int]:
        return {tuple(map(int, row)): number for number, row in enumerate(self.tuples, 1)}

    def transition_state(
        self, phone: int, hmm_state: int, forward_pdf: int, self_loop_pdf: int
    ) -> int | None:
        """Returns the transition state of a tuple, None if the model has none."""
        return self._rows.get((phone, hmm_state, forward_pdf, self_loop_pdf))

    def leaving_log_probability(self, transition_id: int) -> float:
        """Returns the log-probability of a transition among those that leave the state."""
        state = int(self.states[transition_id])
        kept = self.log_probabilities[transition_id] - self.leaving_log_probabilities[state]
        return float(kept)

    @classmethod
    def read(cls, reader: KaldiReader) -> TransitionModel:
        """Reads ``<TransitionModel> … </TransitionModel>`` in binary form."""
        reader.expect("<TransitionModel>")
        topology = HmmTopology.read(reader)
        kind = reader.token()
        if kind not in ("<Triples>", "<Tuples>"):
            reader.fail(f"{kind!r} where <Triples> or <Tuples> was expected")
        width = 3 if kind == "<Triples>" else 4
        count = reader.int32()
        if count <= 0:
            reader.fail(f"a transition model of {count} states")
        # Each number is a byte of its size and four bytes.
        block = np.frombuffer(reader.take(5 * width * count), np.uint8).reshape(-1, 5)
        if (block[:, 0] != 4).any():
            reader.fail("no numbers of 4 bytes in the transition states")
        tuples = np.ascontiguousarray(block[:, 1:]).view("<i4").reshape(count, width)
        if width == 3:
            tuples = np.concatenate([tuples, tuples[:, 2:]], axis=1)
        reader.expect("</" + kind[1:], "<LogProbs>")
        logs = reader.vector().astype(np.float32)
        reader.expect("</LogProbs>", "</TransitionModel>")
        model = cls(topology, tuples.astype(np.int32), logs)
        model._check(reader)
        return model

    def _check(self, reader: KaldiReader) -> None:
        for phone, state in np.unique(self.tuples[:, :2], axis=0):
            entry = self.topology.states(int(phone))
            if not 0 <= state < len(entry) - 1:
                reader.fail(f"a transition model with a state {state} of phone {phone}")
        if self.log_probabilities.size != self.num_transition_ids + 1:
            reader.fail(
                f"{self.log_probabilities.size - 1} log-probabilities",
                why=f"{self.num_transition_ids} transition ids",
            )
        logs = self.log_probabilities[1:]
        if not np.isfinite(logs).all() or (logs > 0).any():
            reader.fail("a transition model with log-probabilities above 0, or not finite")

    def write(self, writer: KaldiWriter) -> None:
        """Writes ``<TransitionModel> … </TransitionModel>`` in binary form."""
        is_hmm = self.topology.is_hmm
        name = "Triples" if is_hmm else "Tuples"
        writer.token("<TransitionModel>")
        self.topology.write(writer)
        writer.token(f"<{name}>")
        writer.int32(len(self.tuples))
        for row in self.tuples:
            for value in row[:3] if is_hmm else row:
                writer.int32(int(value))
        writer.token(f"</{name}>", "<LogProbs>")
        writer.vector(self.log_probabilities)
        writer.token("</LogProbs>", "</TransitionModel>")


def read_transition_model(path: Path) -> TransitionModel:
    """Reads the head of a ``final.mdl``; what follows it is left alone.

    Raises:
        MissingPartError: there is no such file.
        DataError: it is no model, or is truncated.
    """
    return TransitionModel.read(KaldiReader.open(path))


def _hmm_tuples(tree: ContextDependency, topology: HmmTopology) -> set[tuple[int, int, int, int]]:
    rows = set()
    for phone in topology.phones:
        for number, state in enumerate(topology.states(phone)):
            if state.forward_class == NO_PDF:
                continue
            known = {tree.central: phone, PDF_CLASS_KEY: state.forward_class}
            pdfs = tree.pdfs(known)
            _require(pdfs, phone, state.forward_class)
            rows |= {(phone, number, pdf, pdf) for pdf in pdfs}
    return rows


def _chain_tuples(tree: ContextDependency, topology: HmmTopology) -> set[tuple[int, int, int, int]]:
    rows = set()
    known: dict[tuple[int, int, int], set[tuple[int, int]]] = defaultdict(set)
    for phone in topology.phones:
        for number, state in enumerate(topology.states(phone)):
            if state.forward_class == NO_PDF:
                continue
            key = (phone, state.forward_class, state.self_loop_class)
            if key not in known:
                known[key] = tree.pdf_pairs(topology.phones, *key)
            _require(known[key], phone, state.forward_class)
            rows |= {(phone, number, *pair) for pair in known[key]}
    return rows


def _require(pdfs: set[int] | set[tuple[int, int]], phone: int, pdf_class: int) -> None:
    if not pdfs:
        raise DataError(
            f"the tree has no pdf for class {pdf_class} of phone {phone}",
            why="the tree belongs to another model, or to other phones",
        )
