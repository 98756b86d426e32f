"""Finds the elements of lists and optional slots: the nodes that can be added (spec 4.1, 4.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from arqon_maestro.corpusgen.snippets.selectors import ANY_TOKEN, select
from arqon_maestro.corpusgen.snippets.shapes import ContainerRule, Shapes
from arqon_maestro.corpusgen.snippets.syntax import SyntaxTree


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that is an element of a container.

    Attributes:
        node: its index in the tree.
        container: name of the list or slot.
        rule: the rule that made it one.
    """

    node: int
    container: str
    rule: ContainerRule


def candidates(tree: SyntaxTree, shapes: Shapes) -> list[Candidate]:
    """Returns the elements of all containers of a tree, in preorder."""
    found: list[Candidate] = []
    by_parent, comments = shapes.rules_by_parent, shapes.comments
    for node, kind in enumerate(tree.kinds):
        if kind in by_parent:
            found += elements(tree, shapes, node)
        elif kind in comments:
            found += comment_candidates(tree, shapes, node)
    found.sort(key=_node)
    return found


def _node(candidate: Candidate) -> int:
    return candidate.node


def elements(tree: SyntaxTree, shapes: Shapes, parent: int) -> Iterator[Candidate]:
    """Yields the elements of the containers that `parent` is, each in its first container."""
    rules = rules_of(tree, shapes, parent)
    if any(rule.count != "any" for _, rule in rules):
        rules = [found for found in rules if _count_fits(tree, shapes, parent, found[1])]
    if not rules:
        return
    for child in tree.children(parent):
        for container, rule in rules:
            if _is_element(tree, shapes, child, rule):
                yield Candidate(child, container, rule)
                break


def _count_fits(tree: SyntaxTree, shapes: Shapes, parent: int, rule: ContainerRule) -> bool:
    if rule.count == "any":
        return True
    count = sum(_is_element(tree, shapes, child, rule) for child in tree.children(parent))
    return (rule.count == "one") == (count == 1)


def rules_of(tree: SyntaxTree, shapes: Shapes, parent: int) -> Sequence[tuple[str, ContainerRule]]:
    """Returns the containers that a node is, with their rules, as far as its place decides."""
    above = tree.parents[parent]
    above_kind = tree.kinds[above] if above >= 0 else ""
    field = tree.fields[parent]
    return [
        (container, rule)
        for container, rule in shapes.rules_by_parent.get(tree.kinds[parent], ())
        if (not rule.under or above_kind in rule.under)
        and above_kind not in rule.unless_under
        and (not rule.role or field in rule.role)
        and field not in rule.unless_role
    ]


def _is_element(tree: SyntaxTree, shapes: Shapes, child: int, rule: ContainerRule) -> bool:
    kind, field = tree.kinds[child], tree.fields[child]
    if kind in rule.unless or kind in shapes.comments or (field and field in rule.unless_field):
        return False
    if rule.children and kind not in rule.children:
        # Tokens are listed by their text, or all of them by one entry.
        if kind[0] != "'" or ANY_TOKEN not in rule.children:
            return False
    elif rule.field:
        if field not in rule.field:
            return False
    elif not rule.children and kind[0] == "'":
        return False
    if rule.has is not None and not select(tree, child, rule.has):
        return False
    return rule.lacks is None or not select(tree, child, rule.lacks)


def comment_candidates(tree: SyntaxTree, shapes: Shapes, comment: int) -> Iterator[Candidate]:
    """Yields a comment as an element of the statement list that it lies in or right before."""
    parent = tree.parents[comment]
    if parent < 0:
        return
    follower = next(
        (
            child
            for child in tree.children(parent)
            if child > comment and tree.kinds[child] not in shapes.comments
        ),
        None,
    )
    for place in (parent, follower):
        if place is None:
            continue
        for container, rule in rules_of(tree, shapes, place):
            if container in shapes.statement_lists:
                yield Candidate(comment, container, rule)
                return
