"""A network: its nodes and components, checked, read and written.

Source: Kaldi's ``nnet3/nnet-nnet`` (``<Nnet3>``: configuration lines, an empty line, components).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from arqon_maestro.errors import DataError, did_you_mean
from arqon_maestro.speech_engine.acoustic.nnet3.components import (
    Component,
    read_component,
    write_component,
)
from arqon_maestro.speech_engine.acoustic.nnet3.descriptors import (
    Append,
    Const,
    Descriptor,
    Failover,
    NodeRef,
    Sum,
    Switch,
    parse_descriptor,
    references,
)
from arqon_maestro.speech_engine.kaldi.io import KaldiReader, KaldiWriter

INPUT, IVECTOR, OUTPUT = "input", "ivector", "output"
_SETTING = re.compile(r"(?:^|\s)([a-z][a-z0-9-]*)=")
_NODE_KINDS = ("input-node", "component-node", "output-node", "dim-range-node")


@dataclass(frozen=True)
class InputNode:
    """Features from outside, `dim` columns."""

    name: str
    dim: int


@dataclass(frozen=True)
class ComponentNode:
    """What a component makes of its input."""

    name: str
    component: str
    input: Descriptor


@dataclass(frozen=True)
class RangeNode:
    """Some columns of another node."""

    name: str
    node: str
    offset: int
    dim: int


@dataclass(frozen=True)
class OutputNode:
    """A result of the network."""

    name: str
    input: Descriptor
    objective: str = "linear"


Node = InputNode | ComponentNode | RangeNode | OutputNode


@dataclass(frozen=True, eq=False)
class Nnet:
    """A network.

    Attributes:
        lines: the configuration as text, one node a line.
        nodes: name → node, in the order of the lines.
        components: name → component, in the order of the file.
    """

    lines: tuple[str, ...]
    nodes: Mapping[str, Node]
    components: Mapping[str, Component]

    @classmethod
    def of(
        cls, lines: tuple[str, ...], components: Mapping[str, Component], where: object = None
    ) -> Nnet:
        """Parses the configuration and checks that everything belongs together.

        Raises:
            DataError: a line that is not understood, a node or component that is missing, numbers
                of columns that differ, or a loop (recurrent networks are not known).
        """
        nodes: dict[str, Node] = {}
        for number, line in enumerate(lines, 1):
            node = _parse_node(line, f"{where}: configuration line {number}")
            if node is None:
                continue
            if node.name in nodes:
                raise DataError(f"two nodes named {node.name!r}", where=where)
            nodes[node.name] = node
        network = cls(tuple(lines), nodes, dict(components))
        network._check(where)
        return network

    @cached_property
    def dims(self) -> Mapping[str, int]:
        """Node → its number of columns."""
        dims: dict[str, int] = {}
        for name in self.order:
            node = self.nodes[name]
            if isinstance(node, InputNode | RangeNode):
                dims[name] = node.dim
            elif isinstance(node, ComponentNode):
                dims[name] = self.components[node.component].output_dim
            else:
                dims[name] = self._dim(node.input, dims)
        return dims

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The nodes, each after those that it takes.

        Raises:
            DataError: a node that takes itself, over others perhaps.
        """
        order: list[str] = []
        state: dict[str, bool] = {}
        for first in self.nodes:
            stack = [(first, iter(self._taken(first)))] if first not in state else []
            state.setdefault(first, False)
            while stack:
                name, taken = stack[-1]
                following = next((other for other in taken if not state.get(other, False)), None)
                if following is None:
                    stack.pop()
                    state[name] = True
                    order.append(name)
                elif following in state:
                    raise DataError(
                        f"the node {following!r} depends on itself",
                        why="recurrent networks (LSTM and the like) are not known",
                    )
                else:
                    state[following] = False
                    stack.append((following, iter(self._taken(following))))
        return tuple(order)

    def _taken(self, name: str) -> tuple[str, ...]:
        node = self.nodes[name]
        if isinstance(node, InputNode):
            return ()
        if isinstance(node, RangeNode):
            return (node.node,)
        return tuple(references(node.input))

    def _dim(self, descriptor: Descriptor, dims: Mapping[str, int]) -> int:
        if isinstance(descriptor, NodeRef):
            return dims[descriptor.name]
        if isinstance(descriptor, Const):
            return descriptor.dim
        if isinstance(descriptor, Append):
            return sum(self._dim(part, dims) for part in descriptor.parts)
        if isinstance(descriptor, Sum | Switch | Failover):
            parts = (
                (descriptor.part, descriptor.other)
                if isinstance(descriptor, Failover)
                else descriptor.parts
            )
            found = {self._dim(part, dims) for part in parts}
            if len(found) != 1:
                kind = type(descriptor).__name__
                raise DataError(f"a {kind} of {sorted(found)} columns")
            return found.pop()
        return self._dim(descriptor.part, dims)

    def _check(self, where: object) -> None:
        for name, node in self.nodes.items():
            if isinstance(node, ComponentNode) and node.component not in self.components:
                raise DataError(
                    f"the node {name!r} takes the component {node.component!r}, which is not there",
                    where=where,
                    why=did_you_mean(node.component, self.components),
                )
            for other in self._taken(name):
                if other not in self.nodes:
                    raise DataError(
                        f"the node {name!r} takes {other!r}, which is not there",
                        where=where,
                        why=did_you_mean(other, self.nodes),
                    )
                if isinstance(self.nodes[other], OutputNode):
                    raise DataError(f"the node {name!r} takes an output, {other!r}", where=where)
        if OUTPUT not in self.nodes or INPUT not in self.nodes:
            raise DataError("a network without the nodes input and output", where=where)
        unknown = [
            name
            for name, node in self.nodes.items()
            if isinstance(node, InputNode) and name not in (INPUT, IVECTOR)
        ]
        if unknown:
            raise DataError(
                f"inputs that are not known: {', '.join(unknown)}",
                where=where,
                why="input, ivector",
            )
        try:
            self._check_dims()
        except DataError as error:
            raise DataError(error.what, where=where, why=error.why) from None

    def _check_dims(self) -> None:
        dims = self.dims
        for name, node in self.nodes.items():
            if isinstance(node, RangeNode):
                if not 0 <= node.offset < node.offset + node.dim <= dims[node.node]:
                    raise DataError(
                        f"the node {name!r} takes columns {node.offset} to"
                        f" {node.offset + node.dim} of {node.node!r}, which has {dims[node.node]}"
                    )
            elif isinstance(node, ComponentNode):
                component = self.components[node.component]
                given = self._dim(node.input, dims)
                if given != component.input_dim:
                    raise DataError(
                        f"the component {node.component!r} takes {component.input_dim} columns,"
                        f" the node {name!r} gives it {given}"
                    )

    @property
    def feature_dim(self) -> int:
        """Columns of the features."""
        return self.dims[INPUT]

    @property
    def ivector_dim(self) -> int:
        """Columns of the i-vector; 0 where the network takes none."""
        return self.dims.get(IVECTOR, 0)

    @property
    def output_dim(self) -> int:
        """Columns of the output: the number of pdfs."""
        return self.dims[OUTPUT]

    @classmethod
    def read(cls, reader: KaldiReader) -> Nnet:
        """Reads ``<Nnet3> … </Nnet3>`` in binary form.

        Raises:
            DataError: truncated, or something in it that is not known; it is named.
        """
        reader.expect("<Nnet3>")
        reader.line()
        lines = []
        while (line := reader.line()).strip():
            lines.append(line)
        reader.expect("<NumComponents>")
        count = reader.int32()
        components: dict[str, Component] = {}
        for _ in range(count):
            reader.expect("<ComponentName>")
            name = reader.token()
            components[name] = read_component(reader, name)
        reader.expect("</Nnet3>")
        return cls.of(tuple(lines), components, reader.path)

    def write(self, writer: KaldiWriter) -> None:
        """Writes ``<Nnet3> … </Nnet3>`` in binary form."""
        writer.token("<Nnet3>")
        writer.raw(("\n" + "".join(line + "\n" for line in self.lines) + "\n").encode())
        writer.token("<NumComponents>")
        writer.int32(len(self.components))
        for name, component in self.components.items():
            writer.token("<ComponentName>", name)
            write_component(writer, component)
        writer.token("</Nnet3>")


def _parse_node(line: str, where: str) -> Node | None:
    text = line.partition("#")[0].strip()
    if not text:
        return None
    kind, _, rest = text.partition(" ")
    if kind not in _NODE_KINDS:
        raise DataError(
            f"{kind!r} is not a kind of node", where=where, why=did_you_mean(kind, _NODE_KINDS)
        )
    starts = list(_SETTING.finditer(rest))
    ends = [match.start() for match in starts[1:]] + [len(rest)]
    settings = {
        match[1]: rest[match.end() : end].strip() for match, end in zip(starts, ends, strict=True)
    }

    def setting(name: str) -> str:
        if not settings.get(name):
            raise DataError(f"a {kind} without {name}=", where=where)
        return settings[name]

    def whole(name: str) -> int:
        try:
            return int(setting(name))
        except ValueError:
            raise DataError(f"{name}={settings[name]} is no number", where=where) from None

    name = setting("name")
    if kind == "input-node":
        return InputNode(name, whole("dim"))
    if kind == "dim-range-node":
        return RangeNode(name, setting("input-node"), whole("dim-offset"), whole("dim"))
    descriptor = parse_descriptor(setting("input"), where)
    if kind == "component-node":
        return ComponentNode(name, setting("component"), descriptor)
    return OutputNode(name, descriptor, settings.get("objective", "linear"))
