"""Finds the elements of lists and optional slots: the nodes that can be added (spec 4.1, 4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from arqon_maestro.corpusgen.snippets.selectors import ANY_TOKEN, select
from arqon_maestro.corpusgen.snippets.shapes import ContainerRule, NamedRules, Shapes
from arqon_maestro.corpusgen.snippets.trees import SyntaxTree


class Candidate(NamedTuple):
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
    by_parent, comments = shapes.parents, shapes.comments
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
    above = tree.parents[parent]
    place = (tree.kinds[parent], tree.kinds[above] if above >= 0 else "", tree.fields[parent])
    rules, by_child = shapes.rules_in(*place)
    if not rules:
        return
    counts: dict[int, int] = {}
    for child in tree.children(parent):
        key = (tree.kinds[child], tree.fields[child])
        fitting = by_child.get(key)
        if fitting is None:
            fitting = by_child[key] = _fitting(shapes, rules, *key)
        for container, rule in fitting:
            if not (rule.plain or _fits(tree, child, rule)):
                continue
            if rule.count == "any" or _counts(tree, shapes, parent, rule, counts):
                yield Candidate(child, container, rule)
                break


def rules_of(tree: SyntaxTree, shapes: Shapes, parent: int) -> NamedRules:
    """Returns the containers that a node is, with their rules, as far as its place decides."""
    above = tree.parents[parent]
    above_kind = tree.kinds[above] if above >= 0 else ""
    return shapes.rules_in(tree.kinds[parent], above_kind, tree.fields[parent])[0]


def _fitting(shapes: Shapes, rules: NamedRules, kind: str, field: str) -> NamedRules:
    """Returns the rules that a child of a kind, in a field, may be an element by."""
    if kind in shapes.comments:
        return ()
    return tuple(named for named in rules if _admits(named[1], kind, field))


def _admits(rule: ContainerRule, kind: str, field: str) -> bool:
    if kind in rule.unless or (field and field in rule.unless_field):
        return False
    if rule.children:
        # Tokens are listed by their text, or all of them by one entry.
        return kind in rule.children or (kind[0] == "'" and ANY_TOKEN in rule.children)
    if rule.field:
        return field in rule.field
    return kind[0] != "'"


def _fits(tree: SyntaxTree, child: int, rule: ContainerRule) -> bool:
    if rule.after and not tree.follows(child, rule.after):
        return False
    if rule.has is not None and not select(tree, child, rule.has):
        return False
    return rule.lacks is None or not select(tree, child, rule.lacks)


def _counts(
    tree: SyntaxTree, shapes: Shapes, parent: int, rule: ContainerRule, counts: dict[int, int]
) -> bool:
    """Returns whether the parent has as many elements as the rule wants."""
    count = counts.get(id(rule))
    if count is None:
        count = counts[id(rule)] = sum(
            tree.kinds[child] not in shapes.comments
            and _admits(rule, tree.kinds[child], tree.fields[child])
            for child in tree.children(parent)
        )
    return (rule.count == "one") == (count == 1)


def comment_candidates(tree: SyntaxTree, shapes: Shapes, comment: int) -> Iterator[Candidate]:
    """Yields a comment as an element of the statement list that it lies in or right before."""
    for place in _places(tree, shapes, comment):
        for container, rule in rules_of(tree, shapes, place):
            if container in shapes.statement_lists:
                yield Candidate(comment, container, rule)
                return


def _places(tree: SyntaxTree, shapes: Shapes, comment: int) -> Iterator[int]:
    if tree.parents[comment] < 0:
        return
    yield tree.parents[comment]
    for sibling in tree.siblings_behind(comment):
        if tree.kinds[sibling] not in shapes.comments:
            yield sibling
            return
