"""Sentences enumerated by hand: every pronunciation, silence and back-off, with its cost.

Nothing of the graph's code is used here: words come from the lexicon's lines, costs from the
ARPA file's lines, transition ids from the tree and the topology.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from arqon_maestro.speech_engine.graph.fst import Fst
from arqon_maestro.speech_engine.kaldi.transition_model import TransitionModel
from arqon_maestro.speech_engine.kaldi.tree import ContextDependency

HALF = -math.log(0.5)


def arpa_tables(path: Path) -> dict[tuple[str, ...], tuple[float, float]]:
    """n-gram → (cost, cost of backing off)."""
    table = {}
    order = 0
    for line in path.read_text().splitlines():
        if line.endswith("-grams:"):
            order = int(line[1 : line.index("-")])
        elif order and line and line[0] != "\\":
            fields = line.split()
            back = float(fields[order + 1]) if len(fields) > order + 1 else 0.0
            words = tuple(fields[1 : order + 1])
            table[words] = (-float(fields[0]) * math.log(10), -back * math.log(10))
    return table


@dataclass
class Enumerator:
    """A lexicon, a language model and an acoustic model, as tables."""

    pronunciations: dict[str, list[tuple[str, ...]]]
    ngrams: dict[tuple[str, ...], tuple[float, float]]
    phones: dict[str, int]
    tree: ContextDependency
    model: TransitionModel
    transition_scale: float
    self_loop_scale: float
    aliases: dict[str, str] = field(default_factory=dict)
    order: int = field(init=False)

    def __post_init__(self) -> None:
        self.order = max(map(len, self.ngrams))

    def language_cost(self, words: Sequence[str]) -> float:
        """The least cost over all ways of backing off."""
        named = [self.aliases.get(word, word) for word in words]
        return self._after(("<s>",), (*named, "</s>"))

    def _after(self, history: tuple[str, ...], words: tuple[str, ...]) -> float:
        if not words:
            return 0.0
        history = history[-(self.order - 1) :] if self.order > 1 else ()
        while history and history not in self.ngrams:
            history = history[1:]
        best, backing_off = math.inf, 0.0
        while True:
            found = (*history, words[0])
            if found in self.ngrams:
                rest = self._after(found, words[1:])
                best = min(best, backing_off + self.ngrams[found][0] + rest)
            if not history:
                return best
            backing_off += self.ngrams[history][1] if history in self.ngrams else 0.0
            history = history[1:]

    def spoken(self, words: Sequence[str]) -> Iterator[tuple[list[str], float]]:
        """All (phones with places, cost) of a sentence, silences included; runs of letters too."""
        choices = [self.pronunciations[word] for word in words]
        for ways in itertools.product(*choices):
            for pauses in itertools.product((False, True), repeat=len(words) + 1):
                yield from self._placed(words, ways, pauses)

    def _placed(
        self,
        words: Sequence[str],
        ways: Sequence[tuple[str, ...]],
        pauses: Sequence[bool],
    ) -> Iterator[tuple[list[str], float]]:
        """Letters without a pause between them may be one phonetic word, or several."""
        cost = HALF * (len(words) + 1)
        joints = [
            i
            for i in range(len(words) - 1)
            if is_letter(words[i]) and is_letter(words[i + 1]) and not pauses[i + 1]
        ]
        for joined in itertools.product((False, True), repeat=len(joints)):
            together = {i for i, flag in zip(joints, joined, strict=True) if flag}
            phones = ["SIL"] if pauses[0] else []
            run: list[str] = []
            for i, way in enumerate(ways):
                run += way
                if i in together:
                    continue
                phones += placed(run)
                run = []
                if pauses[i + 1]:
                    phones.append("SIL")
            yield phones, cost

    def transitions(self, phones: Sequence[str], chooser: random.Random) -> tuple[list[int], float]:
        """A path through the HMMs of phones that never stays in a state, and its cost."""
        ids: list[int] = []
        cost = 0.0
        numbers = [self.phones[phone] for phone in phones]
        for i, phone in enumerate(numbers):
            window = []
            for position in range(self.tree.width):
                at = i + position - self.tree.central
                window.append(numbers[at] if 0 <= at < len(numbers) else 0)
            states = self.model.topology.states(phone)
            state = 0
            while state != len(states) - 1:
                entry = states[state]
                pdfs = (
                    self.tree.pdf(window, entry.forward_class),
                    self.tree.pdf(window, entry.self_loop_class),
                )
                row = self.model.transition_state(phone, state, *pdfs)
                first = int(self.model.first_ids[row])
                moves = [k for k, (to, _) in enumerate(entry.transitions) if to != state]
                index = chooser.choice(moves)
                logs = self.model.log_probabilities
                loops = [k for k, (to, _) in enumerate(entry.transitions) if to == state]
                stay = sum(math.exp(logs[first + k]) for k in loops)
                leave = math.log(1 - stay)
                ids.append(first + index)
                cost -= self.transition_scale * (float(logs[first + index]) - leave)
                cost -= self.self_loop_scale * leave
                state = entry.transitions[index][0]
        return ids, cost


def is_letter(word: str) -> bool:
    return word.endswith("(spell)") and len(word) == len("x(spell)")


def placed(phones: Sequence[str]) -> list[str]:
    """A word's phones with their places in it."""
    if len(phones) == 1:
        return [f"{phones[0]}_S"]
    return [f"{phones[0]}_B", *(f"{p}_I" for p in phones[1:-1]), f"{phones[-1]}_E"]


def without_staying(graph: Fst, model: TransitionModel) -> Fst:
    """The graph without the arcs that stay in an HMM state."""
    return graph.kept_arcs(~np.isin(graph.ilabels, model.self_loops[model.self_loops > 0]))


def cost_in_graph(graph: Fst, outputs: Sequence[int], inputs: Sequence[int] | None = None) -> float:
    """The least cost of a path with these outputs, and these inputs where they are given."""
    start = (graph.start, 0, 0)
    best = {start: 0.0}
    queue = [start]
    least = math.inf
    for node in queue:
        state, read, said = node
        cost = best[node]
        done = said == len(outputs) and (inputs is None or read == len(inputs))
        if done and np.isfinite(graph.finals[state]):
            least = min(least, cost + float(graph.finals[state]))
        for arc in range(graph.offsets[state], graph.offsets[state + 1]):
            label, word = int(graph.ilabels[arc]), int(graph.olabels[arc])
            target = int(graph.targets[arc])
            place, heard = said, read
            if word:
                if said == len(outputs) or outputs[said] != word:
                    continue
                place += 1
            if label and inputs is not None:
                if read == len(inputs) or inputs[read] != label:
                    continue
                heard += 1
            following = (target, heard, place)
            total = cost + float(graph.weights[arc])
            if total < best.get(following, math.inf) - 1e-9:
                best[following] = total
                queue.append(following)
    return least


def random_path(graph: Fst, chooser: random.Random, longest: int) -> tuple[list[int], list[int]]:
    """A random (inputs, outputs) that the graph accepts."""
    while True:
        state, inputs, outputs = graph.start, [], []
        for _ in range(longest):
            if np.isfinite(graph.finals[state]) and chooser.random() < 0.3:
                return inputs, outputs
            arcs = range(graph.offsets[state], graph.offsets[state + 1])
            if not arcs:
                if np.isfinite(graph.finals[state]):
                    return inputs, outputs
                break
            arc = chooser.choice(arcs)
            if graph.ilabels[arc]:
                inputs.append(int(graph.ilabels[arc]))
            if graph.olabels[arc]:
                outputs.append(int(graph.olabels[arc]))
            state = int(graph.targets[arc])
