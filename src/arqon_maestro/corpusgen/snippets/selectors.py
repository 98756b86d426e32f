"""A path language that finds the parts of a syntax node: ``.body/block``, ``except_clause[0]``.

A path is a list of steps parted by ``/``. A step is a node type, an anonymous token in quotes, a
field with a leading dot, ``*`` for any named node, ``''`` for any token, or alternatives of these
parted by ``|``. It walks to the matching children, or with a leading ``+`` to the next sibling if
that matches; the path ``.`` stays at the node. ``[0]``, ``[-1]`` and ``[1:]`` keep the first, the
last, and all but the first of a step's matches. A step in parentheses with a star,
``(pointer_declarator)*``, walks down as long as it matches and may match nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from arqon_maestro.corpusgen.snippets.trees import SyntaxTree

_NAME = r"'[^']*'|[^()\[\]/|']+"
_STEP = re.compile(
    rf"(?P<open>\()?(?P<sibling>\+)?(?P<names>(?:{_NAME})(?:\|(?:{_NAME}))*)(?(open)\)\*)"
    r"(?:\[(?P<index>0|-1|1:)\])?"
)
ANY_NODE, ANY_TOKEN = "*", "''"
HERE = "."


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path."""

    kinds: frozenset[str]
    fields: frozenset[str]
    any_node: bool
    any_token: bool
    index: str
    repeated: bool
    sibling: bool
    plain: bool  # it takes all children that match


@cache
def compile_path(path: str) -> tuple[Step, ...]:
    """Compiles a path.

    Raises:
        ValueError: if the path is malformed.
    """
    if path == HERE:
        return ()
    steps = []
    for text in _split(path):
        match = _STEP.fullmatch(text)
        if match is None:
            raise ValueError(f"malformed step {text!r} in the path {path!r}")
        names = re.findall(_NAME, match["names"])
        fields = frozenset(name[1:] for name in names if name[0] == ".")
        kinds = frozenset(name for name in names if name[0] != ".") - {ANY_NODE, ANY_TOKEN}
        steps.append(
            Step(
                kinds,
                fields,
                ANY_NODE in names,
                ANY_TOKEN in names,
                match["index"] or "",
                match["open"] is not None,
                match["sibling"] is not None,
                not (match["index"] or match["open"] or match["sibling"]),
            )
        )
    return tuple(steps)


def _split(path: str) -> list[str]:
    # A slash inside quotes is a token of the language ("'/>'"), not a separator.
    return re.findall(r"(?:'[^']*'|[^/'])+", path)


def select(tree: SyntaxTree, node: int, path: str) -> Sequence[int]:
    """Returns the nodes that `path` leads to from `node`, in source order."""
    steps = compile_path(path)
    if len(steps) == 1 and steps[0].plain:
        # A child by its type or field: what nearly every role is.
        matches: list[int] = []
        _collect(tree, node, steps[0], matches)
        return matches
    found: list[int] = [node]
    for step in steps:
        if step.repeated:
            found = [_descend(tree, start, step) for start in found]
            continue
        matches = []
        for start in found:
            if step.sibling:
                _collect_next(tree, start, step, matches)
            else:
                _collect(tree, start, step, matches)
        if step.index == "0":
            found = matches[:1]
        elif step.index == "-1":
            found = matches[-1:]
        elif step.index == "1:":
            found = matches[1:]
        else:
            found = matches
        if not found:
            break
    return found


def _collect(tree: SyntaxTree, node: int, step: Step, matches: list[int]) -> None:
    # Written out rather than with `SyntaxTree.children`: every role of every node comes here.
    tree_kinds, tree_fields, afters = tree.kinds, tree.fields, tree.afters
    kinds, fields = step.kinds, step.fields
    child, end = node + 1, afters[node]
    while child < end:
        kind = tree_kinds[child]
        if (
            kind in kinds
            or (fields and tree_fields[child] in fields)
            or (step.any_token if kind[0] == "'" else step.any_node)
        ):
            matches.append(child)
        child = afters[child]


def _collect_next(tree: SyntaxTree, node: int, step: Step, matches: list[int]) -> None:
    following = next(tree.siblings_behind(node), None)
    if following is not None and tree.kinds[following] in step.kinds:
        matches.append(following)


def _descend(tree: SyntaxTree, node: int, step: Step) -> int:
    while True:
        below: list[int] = []
        _collect(tree, node, step, below)
        if not below:
            return node
        node = below[0]
