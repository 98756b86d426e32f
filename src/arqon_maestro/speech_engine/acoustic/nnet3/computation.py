"""The forward pass: whole utterances or chunk by chunk, with the same result.

Each node has a value for some times. What the outputs of some times need is found backwards through
the descriptors, then computed forwards, each value once; values that later outputs may need are
kept. `F` frames of features, `T` outputs, `C` coefficients, `V` columns of an i-vector, `D` pdfs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.acoustic.nnet3.components import Floats
from arqon_maestro.speech_engine.acoustic.nnet3.descriptors import (
    Append,
    Const,
    Descriptor,
    Failover,
    IfDefined,
    NodeRef,
    Offset,
    ReplaceTime,
    Round,
    Scale,
    Sum,
    Switch,
)
from arqon_maestro.speech_engine.acoustic.nnet3.network import (
    INPUT,
    IVECTOR,
    OUTPUT,
    ComponentNode,
    InputNode,
    Nnet,
    RangeNode,
)

Times = NDArray[np.int64]


def renew_ivectors(network: Nnet, period: int) -> Nnet:
    """Returns a network that takes another i-vector each `period` frames.

    ``ReplaceIndex(ivector, t, 0)``, one i-vector for the utterance, becomes ``Round(ivector, …)``.
    """
    nodes = {
        name: node
        if isinstance(node, InputNode | RangeNode)
        else replace(node, input=_renewed(node.input, period))
        for name, node in network.nodes.items()
    }
    return Nnet(network.lines, nodes, network.components)


def _renewed(descriptor: Descriptor, period: int) -> Descriptor:
    if isinstance(descriptor, ReplaceTime) and descriptor.part == NodeRef(IVECTOR):
        return Round(descriptor.part, period)
    if isinstance(descriptor, NodeRef | Const):
        return descriptor
    if isinstance(descriptor, Append | Sum | Switch):
        return replace(descriptor, parts=tuple(_renewed(p, period) for p in descriptor.parts))
    return replace(descriptor, part=_renewed(descriptor.part, period))


def context(network: Nnet, output: str = OUTPUT, source: str = INPUT) -> tuple[int, int]:
    """Returns how many frames of an input before and after an output's time it needs, at most.

    The context of a network with ``Round`` or ``Switch`` differs by time, so several times are
    tried, as many as the least common multiple of their periods.
    """
    left = right = 0
    for time in range(time_multiple(network)):
        needed = Requirements.of(network, np.array([time]), output).times.get(source)
        if needed is not None and len(needed):
            left, right = max(left, time - int(needed[0])), max(right, int(needed[-1]) - time)
    return left, right


def time_multiple(network: Nnet) -> int:
    """Returns by how many frames times must differ so that the network treats them alike."""
    periods = [1]
    for name in network.order:
        node = network.nodes[name]
        if not isinstance(node, InputNode | RangeNode):
            periods += _periods(node.input)
    return int(np.lcm.reduce(periods))


def _periods(descriptor: Descriptor) -> Iterator[int]:
    if isinstance(descriptor, Round):
        yield descriptor.period
    if isinstance(descriptor, Switch):
        yield len(descriptor.parts)
    for part in _parts(descriptor):
        yield from _periods(part)


def _parts(descriptor: Descriptor) -> tuple[Descriptor, ...]:
    if isinstance(descriptor, Append | Sum | Switch):
        return descriptor.parts
    if isinstance(descriptor, Failover):
        return (descriptor.part,)
    return () if isinstance(descriptor, NodeRef | Const) else (descriptor.part,)


@dataclass(frozen=True)
class Requirements:
    """For each node the times, ascending, whose values are needed."""

    times: dict[str, Times]

    @classmethod
    def of(cls, network: Nnet, outputs: Times, output: str = OUTPUT) -> Requirements:
        """Finds what the outputs of some times need."""
        wanted: dict[str, list[Times]] = {output: [outputs]}
        times: dict[str, Times] = {}
        for name in reversed(network.order):
            if name not in wanted:
                continue
            needed = np.unique(np.concatenate(wanted[name]))
            times[name] = needed
            node = network.nodes[name]
            if isinstance(node, InputNode):
                continue
            if isinstance(node, RangeNode):
                wanted.setdefault(node.node, []).append(needed)
                continue
            shifts: tuple[int, ...] = (0,)
            if isinstance(node, ComponentNode):
                shifts = network.components[node.component].time_offsets
            for shift in shifts:
                _require(node.input, needed + shift, wanted)
        return cls(times)


def _require(descriptor: Descriptor, times: Times, wanted: dict[str, list[Times]]) -> None:
    if isinstance(descriptor, NodeRef):
        wanted.setdefault(descriptor.name, []).append(times)
    elif isinstance(descriptor, Switch):
        for number, part in enumerate(descriptor.parts):
            chosen = times[times % len(descriptor.parts) == number]
            if len(chosen):
                _require(part, chosen, wanted)
    else:
        for part in _parts(descriptor):
            _require(part, _times_of(descriptor, times), wanted)


def _times_of(descriptor: Descriptor, times: Times) -> Times:
    """Returns the times at which a descriptor's part is taken."""
    if isinstance(descriptor, Offset):
        return times + descriptor.shift
    if isinstance(descriptor, Round):
        return times // descriptor.period * descriptor.period
    if isinstance(descriptor, ReplaceTime):
        return np.full_like(times, descriptor.time)
    return times


class Stream:
    """The outputs of one utterance, in pieces of any length.

    Features are given as they come; an output is computed once the frames that it needs are there.
    Before the first frame and after the last these are repeated, as in Kaldi.

    Args:
        network: takes features and perhaps i-vectors.
        subsampling: frames of features to an output.
        ivector_period: frames of features that have an i-vector in common; an i-vector of the whole
            utterance (``ReplaceIndex(ivector, t, 0)``) is renewed so often, as in Kaldi's online
            decoding.
        output: the node whose values are wanted.
    """

    def __init__(
        self,
        network: Nnet,
        subsampling: int = 3,
        *,
        ivector_period: int = 0,
        output: str = OUTPUT,
    ) -> None:
        if ivector_period:
            network = renew_ivectors(network, ivector_period)
        self.network = network
        self.subsampling = subsampling
        self.ivector_period = ivector_period
        self.output = output
        self.left, self.right = context(network, output)
        self._ivector_right = context(network, output, IVECTOR)[1] if network.ivector_dim else 0
        self._features = np.zeros((0, network.feature_dim), np.float32)
        self._first = 0
        self._frames = 0
        self._done = 0
        self._ended = False
        self._ivectors: list[Floats] = []
        self._values: dict[str, tuple[Times, Floats]] = {}

    @property
    def frames(self) -> int:
        """`F`: frames of features given so far."""
        return self._frames

    @property
    def outputs(self) -> int:
        """Outputs computed so far."""
        return self._done

    def ready(self) -> int:
        """Returns how many outputs can be computed in all, of the features given so far."""
        if self._ended:
            return -(-self._frames // self.subsampling)
        frames = self._frames - self.right
        if self.ivector_period:
            frames = min(frames, len(self._ivectors) * self.ivector_period - self._ivector_right)
        return max(0, -(-frames // self.subsampling))

    def accept(self, features: Floats, *, last: bool = False) -> None:
        """Takes further features.

        Args:
            features: `(F, C)`.
            last: whether the utterance ends with them.

        Raises:
            DataError: another number of columns, or values that are not finite.
        """
        if features.ndim != 2 or features.shape[1] != self.network.feature_dim:
            raise DataError(
                f"features of shape {features.shape}",
                why=f"the network takes {self.network.feature_dim} columns",
            )
        if not np.isfinite(features).all():
            raise DataError("features that are not finite")
        self._features = np.concatenate([self._features, features.astype(np.float32)])
        self._frames += len(features)
        self._ended = self._ended or last

    def accept_ivector(self, ivector: Floats) -> None:
        """Takes the i-vector `(V,)` of the next `ivector_period` frames, of all where that is 0.

        Raises:
            DataError: another number of columns.
        """
        if ivector.shape != (self.network.ivector_dim,):
            raise DataError(
                f"an i-vector of shape {ivector.shape}",
                why=f"the network takes {self.network.ivector_dim} columns",
            )
        self._ivectors.append(ivector.astype(np.float32))

    def compute(self, limit: int | None = None) -> Floats:
        """Returns the outputs `(T, D)` that are ready and were not returned before.

        Args:
            limit: outputs at most.

        Raises:
            DataError: no i-vector where the network takes one.
        """
        stop = self.ready() if limit is None else min(self.ready(), self._done + limit)
        if stop <= self._done or not self._frames:
            return np.zeros((0, self.network.dims[self.output]), np.float32)
        times = np.arange(self._done, stop) * self.subsampling
        needed = Requirements.of(self.network, times, self.output).times
        fresh: dict[str, tuple[Times, Floats]] = {}
        for name in self.network.order:
            if name in needed:
                fresh[name] = self._node(name, needed[name], fresh)
        self._done = stop
        self._keep(fresh)
        return fresh[self.output][1]

    def _input(self, name: str, times: Times) -> Floats:
        if name == IVECTOR:
            if not self._ivectors:
                raise DataError("no i-vector was given", why="the network takes one")
            period = self.ivector_period or 1
            rows = np.clip(times // period, 0, len(self._ivectors) - 1)
            return np.stack(self._ivectors)[rows]
        return self._features[np.clip(times, 0, self._frames - 1) - self._first]

    def _keep(self, fresh: dict[str, tuple[Times, Floats]]) -> None:
        """Keeps of each node what the next outputs may need, and drops features before that."""
        period = time_multiple(self.network)
        ahead = np.arange(self._done, self._done + period) * self.subsampling
        needed = Requirements.of(self.network, ahead, self.output).times
        kept: dict[str, tuple[Times, Floats]] = {}
        for name, (times, values) in fresh.items():
            if name in needed and not isinstance(self.network.nodes[name], InputNode):
                start = int(np.searchsorted(times, needed[name].min()))
                kept[name] = (times[start:], values[start:])
        self._values = kept
        # The first frame stands for those before it, the last for those after it.
        oldest = min(max(0, int(needed[INPUT].min())), max(0, self._frames - 1))
        if INPUT in needed and oldest > self._first and int(needed[INPUT].min()) > 0:
            self._features = self._features[oldest - self._first :]
            self._first = oldest

    def _node(
        self, name: str, needed: Times, values: dict[str, tuple[Times, Floats]]
    ) -> tuple[Times, Floats]:
        """Returns times and values of a node: those known already, and what is new."""
        node = self.network.nodes[name]
        if isinstance(node, InputNode):
            return needed, self._input(name, needed)
        known = self._values.get(name)
        missing = needed if known is None else needed[~np.isin(needed, known[0])]
        made = self._make(name, missing, values) if len(missing) else None
        if known is None or made is None:
            kept = known if made is None else (missing, made)
            assert kept is not None
            rows = np.searchsorted(kept[0], needed)
            return needed, kept[1][rows]
        order = np.argsort(np.concatenate([known[0], missing]), kind="stable")
        times = np.concatenate([known[0], missing])[order]
        rows = np.searchsorted(times, needed)
        return needed, np.concatenate([known[1], made])[order[rows]]

    def _make(self, name: str, times: Times, values: dict[str, tuple[Times, Floats]]) -> Floats:
        node = self.network.nodes[name]
        assert not isinstance(node, InputNode)
        if isinstance(node, RangeNode):
            taken = self._take(NodeRef(node.node), times, values)
            return taken[:, node.offset : node.offset + node.dim]
        if not isinstance(node, ComponentNode):
            return self._take(node.input, times, values)
        component = self.network.components[node.component]
        parts = [
            self._take(node.input, times + offset, values) for offset in component.time_offsets
        ]
        return component.compute(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1))

    def _take(
        self, descriptor: Descriptor, times: Times, values: dict[str, tuple[Times, Floats]]
    ) -> Floats:
        """Returns the values `(len(times), columns)` of a descriptor."""
        if isinstance(descriptor, NodeRef):
            known, rows = values[descriptor.name]
            return rows[np.searchsorted(known, times)]
        if isinstance(descriptor, Const):
            return np.full((len(times), descriptor.dim), descriptor.value, np.float32)
        if isinstance(descriptor, Append):
            parts = [self._take(part, times, values) for part in descriptor.parts]
            return np.concatenate(parts, axis=1)
        if isinstance(descriptor, Sum):
            total = self._take(descriptor.parts[0], times, values)
            for part in descriptor.parts[1:]:
                total = total + self._take(part, times, values)
            return total
        if isinstance(descriptor, Switch):
            number = len(descriptor.parts)
            pieces: list[Floats] = []
            places: list[Times] = []
            for turn, part in enumerate(descriptor.parts):
                place = np.flatnonzero(times % number == turn)
                if len(place):
                    places.append(place)
                    pieces.append(self._take(part, times[place], values))
            return np.concatenate(pieces)[np.argsort(np.concatenate(places))]
        inner = self._take(descriptor.part, _times_of(descriptor, times), values)
        if isinstance(descriptor, Scale):
            return inner * np.float32(descriptor.factor)
        assert isinstance(descriptor, Offset | Round | ReplaceTime | IfDefined | Failover)
        return inner
