"""Time-synchronous beam search over a decoding graph, all states of a frame at once.

The search is that of Kaldi's lattice-faster-decoder (Povey et al., 2012, "Generating exact lattices
in the WFST framework"): every arc whose path is within the lattice beam of the best one survives.
A token is a state of the graph at a frame; within its frame it is known by its position.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.decoder.graph import Ints, SearchGraph

Costs = NDArray[np.float64]

#: Frames between two times that what fell behind is thrown away.
_PRUNING_INTERVAL = 25
#: Changes of a token's distance from the best path that are not passed on to earlier frames.
_TOLERANCE = 1e-3
#: No graph has more silent arcs in a row, unless they go round in a circle that costs less than 0.
_MOST_SILENT_STEPS = 1000


@dataclass(frozen=True)
class BeamSettings:
    """Limits of the search, as the runtime of spec 7.6 has them.

    Attributes:
        beam: a token that costs more than the best of its frame by this is not followed.
        lattice_beam: paths up to this much worse than the best are in the lattice.
        most_active, least_active: at most, and if there are any at least, as many tokens of a
            frame are followed.
        most_links: at most as many arcs are in the lattice: where it is not clear what was said,
            its beam is narrowed to them, as Kaldi's determinization does when it runs out of
            memory. It bounds what is left to do when somebody has stopped speaking.
        acoustic_scale: what log-likelihoods are multiplied by.
    """

    beam: float = 15.0
    lattice_beam: float = 8.0
    most_active: int = 7000
    least_active: int = 200
    most_links: int = 5000
    acoustic_scale: float = 1.0


@dataclass(eq=False)
class Links:
    """Arcs between tokens. L: links.

    Attributes:
        sources: `(L,)` tokens, of the frame before if the arc takes a frame, else of this one.
        targets: `(L,)` tokens of this frame.
        words: `(L,)` word ids, 0 for none.
        graph_costs: `(L,)`.
        acoustic_costs: `(L,)`.
        behind: `(L,)` how much worse the best path over the link to its target is than the best
            path to the target.
    """

    sources: Ints
    targets: Ints
    words: NDArray[np.int32]
    graph_costs: Costs
    acoustic_costs: Costs
    behind: Costs

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Leaves out all other links."""
        self.sources, self.targets = self.sources[kept], self.targets[kept]
        self.words, self.behind = self.words[kept], self.behind[kept]
        self.graph_costs = self.graph_costs[kept]
        self.acoustic_costs = self.acoustic_costs[kept]


@dataclass(eq=False)
class Frame:
    """The tokens after a frame, and the links into them. K: tokens.

    Attributes:
        states: `(K,)` of the graph, ascending.
        costs: `(K,)` of the best path to each.
        behind: `(K,)` how much worse than the best path the best one through a token is; infinite
            for those that are out of the lattice. Known once frames after it are.
        emitting: links from the frame before.
        silent: links within the frame.
    """

    states: Ints
    costs: Costs
    behind: Costs
    emitting: Links
    silent: Links


@dataclass(frozen=True, eq=False)
class TokenLattice:
    """What is left of a search when it is over.

    Attributes:
        frames: the first holds the tokens before any sound.
        start: the token of the first frame that a path starts at.
        final_costs: of the last frame's tokens, `(K,)`.
        reached_final: whether a state was reached in which a sentence may end. If not, any may.
        beam: paths up to this much worse than the best are in it.
    """

    frames: list[Frame]
    start: int
    final_costs: Costs
    reached_final: bool
    beam: float


@dataclass(eq=False)
class BeamSearch:
    """The search of one utterance, fed piece by piece.

    Args:
        graph: the decoding graph.
        pdfs: `(T,)` the pdf of each transition id; T is one more than the highest.
        settings: limits.
    """

    graph: SearchGraph
    pdfs: NDArray[np.int32]
    settings: BeamSettings = field(default_factory=BeamSettings)

    def __post_init__(self) -> None:
        self._best = np.full(self.graph.size, np.inf)
        self._position = np.zeros(self.graph.size, np.int64)
        start = np.array([self.graph.start])
        self._best[start] = 0.0
        self._frames = [self._settle(start, np.inf, None)]

    @property
    def frames(self) -> int:
        """Frames that have been decoded."""
        return len(self._frames) - 1

    def accept(self, log_likelihoods: NDArray[np.float32]) -> None:
        """Goes on by some frames.

        Args:
            log_likelihoods: `(F, P)` of F frames under P pdfs.

        Raises:
            DataError: fewer pdfs than the transition ids name, or a score that is no number.
        """
        if log_likelihoods.ndim != 2 or log_likelihoods.shape[1] <= self.pdfs.max(initial=0):
            raise DataError(
                f"acoustic scores of shape {log_likelihoods.shape}",
                why=f"{self.pdfs.max(initial=0) + 1} pdfs",
            )
        if not np.isfinite(log_likelihoods).all():
            raise DataError("an acoustic score that is not finite")
        for row in log_likelihoods:
            self._frames.append(self._advance(row * -self.settings.acoustic_scale))
            if self.frames % _PRUNING_INTERVAL == 0:
                self._prune(np.zeros(self._frames[-1].costs.size))

    def finish(self) -> TokenLattice:
        """Returns the lattice of what was accepted; nothing can be accepted after it."""
        last = self._frames[-1]
        final_costs = self.graph.finals_of(last.states)
        reached = bool(np.isfinite(last.costs + final_costs).any())
        if not reached:
            final_costs = np.zeros_like(final_costs)
        whole = last.costs + final_costs
        self._prune(whole - whole.min(initial=np.inf), to_the_start=True)
        start = int(np.searchsorted(self._frames[0].states, self.graph.start))
        return TokenLattice(self._frames, start, final_costs, reached, self._narrow())

    def _advance(self, acoustic_costs: NDArray[np.float32]) -> Frame:
        before = self._frames[-1]
        active = self._active(before.costs)
        sources, labels, words, graph, targets = self.graph.emitting_from(before.states[active])
        if labels.size and labels.max() >= self.pdfs.size:
            raise DataError(
                f"a decoding graph with the transition id {labels.max()}",
                why=f"the acoustic model has {self.pdfs.size - 1}",
            )
        acoustic = acoustic_costs[self.pdfs[labels]].astype(np.float64)
        costs = before.costs[active[sources]] + graph + acoustic
        limit = costs.min(initial=np.inf) + self.settings.beam
        kept = costs <= limit
        costs, targets = costs[kept], targets[kept]
        np.minimum.at(self._best, targets, costs)
        links = Links(
            active[sources[kept]], targets, words[kept], graph[kept], acoustic[kept], costs
        )
        return self._settle(np.unique(targets), limit, links)

    def _active(self, costs: Costs) -> Ints:
        """Returns the tokens that are followed: within the beam, not too many, not too few."""
        settings = self.settings
        limit = costs.min(initial=np.inf) + settings.beam
        within = int((costs <= limit).sum())
        if within > settings.most_active:
            limit = np.partition(costs, settings.most_active - 1)[settings.most_active - 1]
        elif within < settings.least_active < costs.size:
            limit = np.partition(costs, settings.least_active - 1)[settings.least_active - 1]
        elif within < settings.least_active:
            limit = np.inf
        return np.flatnonzero(costs <= limit)

    def _settle(self, reached: Ints, limit: float, emitting: Links | None) -> Frame:
        """Follows the silent arcs from the states `reached`, and numbers the frame's tokens."""
        frontier, found = reached, [reached]
        for _ in range(_MOST_SILENT_STEPS):
            sources, _, _, weights, targets = self.graph.silent_from(frontier)
            self._make_room()
            best = self._best
            proposed = best[frontier[sources]] + weights
            better = (proposed <= limit) & (proposed < best[targets])
            if not better.any():
                break
            targets = targets[better]
            np.minimum.at(best, targets, proposed[better])
            frontier = np.unique(targets)
            found.append(frontier)
        else:
            raise DataError("a decoding graph with a circle of silent arcs that costs less than 0")
        states = np.unique(np.concatenate(found))
        costs = best[states]
        self._position[states] = np.arange(states.size)
        sources, _, words, weights, targets = self.graph.silent_from(states)
        links = Links(
            sources, targets, words, weights, np.zeros(sources.size), costs[sources] + weights
        )
        # A target that is out of the beam has an infinite cost, and is no token.
        links.keep(np.isfinite(best[targets]) & (links.sources != self._position[targets]))
        if emitting is None:
            emitting = _no_links()
        for some in (emitting, links):
            some.behind = some.behind - best[some.targets]
            some.targets = self._position[some.targets]
            some.keep(some.behind <= self.settings.lattice_beam)
        best[states] = np.inf
        return Frame(states, costs, np.full(states.size, np.nan), emitting, links)

    def _make_room(self) -> None:
        """Makes the tables long enough for all states that the graph has named."""
        missing = self.graph.size - self._best.size
        if missing > 0:
            missing = max(missing, self._best.size)
            self._best = np.concatenate([self._best, np.full(missing, np.inf)])
            self._position = np.concatenate([self._position, np.zeros(missing, np.int64)])

    def _narrow(self) -> float:
        """Keeps the links on the best paths, not too many, and returns how much worse they are."""
        settings = self.settings
        pairs = [(f, links) for f in self._frames for links in (f.silent, f.emitting)]
        behind = np.concatenate([links.behind + f.behind[links.targets] for f, links in pairs])
        if behind.size <= settings.most_links:
            return settings.lattice_beam
        beam = float(np.partition(behind, settings.most_links - 1)[settings.most_links - 1])
        for frame, links in pairs:
            links.keep(links.behind + frame.behind[links.targets] <= beam)
        for frame in self._frames:
            frame.behind[frame.behind > beam] = np.inf
        return beam

    def _prune(self, behind: Costs, to_the_start: bool = False) -> None:
        """Drops the links that no path within the lattice beam takes.

        Args:
            behind: `(K,)` of the last frame's tokens.
            to_the_start: look at all frames, even where nothing has changed after them.
        """
        beam = self.settings.lattice_beam
        for number in range(len(self._frames) - 1, -1, -1):
            frame = self._frames[number]
            behind = _passed_back(frame.silent, behind)
            behind[behind > beam] = np.inf
            frame.silent.keep(frame.silent.behind + behind[frame.silent.targets] <= beam)
            frame.emitting.keep(frame.emitting.behind + behind[frame.emitting.targets] <= beam)
            changed = np.isinf(behind) != np.isinf(frame.behind)
            both = ~np.isinf(behind) & ~np.isinf(frame.behind)
            same = not changed.any() and np.allclose(
                behind[both], frame.behind[both], rtol=0, atol=_TOLERANCE
            )
            frame.behind = behind
            if number == 0 or (same and not to_the_start and number < len(self._frames) - 1):
                return
            links = frame.emitting
            through = links.behind + frame.behind[links.targets]
            behind = np.full(self._frames[number - 1].costs.size, np.inf)
            np.minimum.at(behind, links.sources, through)


def _no_links() -> Links:
    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    return Links(none, none, np.zeros(0, np.int32), nothing, nothing, nothing)


def _passed_back(silent: Links, behind: Costs) -> Costs:
    """Returns `behind` of a frame's tokens, with that of the tokens silent links lead to."""
    behind = behind.copy()
    while silent.sources.size:
        through = silent.behind + behind[silent.targets]
        better = through < behind[silent.sources]
        if not better.any():
            break
        np.minimum.at(behind, silent.sources[better], through[better])
    return behind
