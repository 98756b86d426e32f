"""A search for the most probable outputs among those that a rule allows, best first.

The search always goes on from the most probable prefixes. A log probability only falls as a prefix
grows, so an output that is more probable than every open prefix is the best of all that are left:
what is found is exact, whatever the number of allowed outputs. Tokens without an alternative are
fed together with the one before, in one step of the network.

A network that finds nothing probable would have to look at nearly everything. After `BUDGET`
prefixes the search therefore no longer waits for a proof: it completes the best prefix by its most
probable tokens, and so on until there are enough outputs.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from arqon_maestro.code_engine.stepping import Past, Source, StepNetwork
from arqon_maestro.code_engine.vocabulary import EOS

# Prefixes that are fed at a time: more share the reading of the weights, but some are not needed.
TOGETHER = 4
# Prefixes that are fed before the search settles for what is at hand.
BUDGET = 600

S = TypeVar("S")

Following = Callable[[S], Sequence[tuple[str, S]]]
"""The tokens that can follow in a state, with the states after them; none at the end."""


@dataclass(frozen=True)
class Found:
    """An output.

    Attributes:
        tokens: without the final `</s>`.
        score: its log probability in nats, `</s>` included.
        proven: whether no allowed output was more probable, those before it excepted.
    """

    tokens: tuple[str, ...]
    score: float
    proven: bool


@dataclass(order=True, slots=True)
class _Open(Generic[S]):
    """A prefix that can be gone on from; in the order of the search."""

    cost: float
    number: int
    state: S = field(compare=False)
    tokens: tuple[str, ...] = field(compare=False)
    past: Past = field(compare=False)
    whole: bool = field(compare=False)


class Search(Generic[S]):
    """Searches the outputs for one source line.

    Args:
        network: gives the probabilities.
        source: the encoded line.
        following: what is allowed.
        number_of: a token's id.

    Attributes:
        fed: prefixes that were fed to the network.
    """

    def __init__(
        self,
        network: StepNetwork,
        source: Source,
        following: Following[S],
        number_of: Callable[[str], int],
    ) -> None:
        self._network = network
        self._source = source
        self._following = following
        self._number_of = number_of
        self._made = 0
        self.fed = 0

    def best(self, state: S, n_best: int) -> list[Found]:
        """Returns the most probable outputs that `state` allows, best first, at most `n_best`."""
        opened = [self._prefix(0.0, state, (), self._source.past)]
        found: list[Found] = []
        while opened and len(found) < n_best:
            if opened[0].whole:
                done = heapq.heappop(opened)
                found.append(Found(done.tokens, -done.cost, proven=True))
            elif self.fed < BUDGET:
                chosen: list[_Open[S]] = []
                while opened and not opened[0].whole and len(chosen) < TOGETHER:
                    chosen.append(heapq.heappop(opened))
                for prefix in self._advance(chosen):
                    heapq.heappush(opened, prefix)
            else:
                return found + self._settle(opened, n_best - len(found))
        return found

    def _settle(self, opened: list[_Open[S]], number: int) -> list[Found]:
        """Completes the best prefixes greedily until there are `number` outputs."""
        done: list[_Open[S]] = []
        while opened and len(done) < number:
            prefix = heapq.heappop(opened)
            while not prefix.whole:
                prefix, *others = sorted(self._advance([prefix]))
                for other in others:
                    heapq.heappush(opened, other)
            done.append(prefix)
        return [Found(prefix.tokens, -prefix.cost, proven=False) for prefix in sorted(done)]

    def _advance(self, prefixes: Sequence[_Open[S]]) -> list[_Open[S]]:
        """Feeds prefixes to the network; returns what can follow them."""
        runs = [self._run(prefix) for prefix in prefixes]
        longer, log_probabilities = self._network.extend(
            self._source, [prefix.past for prefix in prefixes], [run.fed for run in runs]
        )
        self.fed += len(prefixes)
        children = []
        for prefix, run, past, rows in zip(prefixes, runs, longer, log_probabilities, strict=True):
            cost = prefix.cost
            for row, token_id in enumerate(run.fed[1:]):
                cost -= float(rows[row, token_id])
            tokens = prefix.tokens + run.forced
            if not run.choices:
                cost -= float(rows[-1, EOS])
                children.append(self._prefix(cost, run.state, tokens, past, whole=True))
            for token, state in run.choices:
                lost = float(rows[-1, self._number_of(token)])
                children.append(self._prefix(cost - lost, state, (*tokens, token), past))
        return children

    def _run(self, prefix: _Open[S]) -> _Run[S]:
        """Follows a prefix as long as there is no choice."""
        state = prefix.state
        forced: list[str] = []
        choices = self._following(state)
        while len(choices) == 1:
            ((token, state),) = choices
            forced.append(token)
            choices = self._following(state)
        last = self._number_of(prefix.tokens[-1]) if prefix.tokens else EOS
        fed = [last, *(self._number_of(token) for token in forced)]
        return _Run(fed, tuple(forced), state, choices)

    def _prefix(
        self, cost: float, state: S, tokens: tuple[str, ...], past: Past, *, whole: bool = False
    ) -> _Open[S]:
        self._made += 1
        return _Open(cost, self._made, state, tokens, past, whole)


@dataclass(frozen=True, slots=True)
class _Run(Generic[S]):
    """Tokens without an alternative.

    Attributes:
        fed: ids for the network: the prefix's last token, then the forced ones.
        forced: the tokens themselves.
        state: after them.
        choices: what can follow then; nothing at the end.
    """

    fed: list[int]
    forced: tuple[str, ...]
    state: S
    choices: Sequence[tuple[str, S]]
