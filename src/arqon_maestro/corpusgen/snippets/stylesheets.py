"""A parser for SCSS and CSS, whose tree looks like one of tree-sitter.

Statements end with a semicolon or have a block; what a statement is, its first token tells, or the
colon in it. An error costs the statement that it is in. The node types:

``stylesheet`` and ``block`` hold statements. ``rule_set``: ``selectors`` of ``selector``, block.
``declaration``: ``.name``, ``':'``, ``.value``. ``nested_declaration``: the same with a block.
``mixin_statement``, ``function_statement``: ``.name``, ``parameters``, block.
``include_statement``: ``.name``, ``arguments``, perhaps a block. ``if_statement``: ``.condition``,
block, ``else_if_clause``, ``else_clause``. ``while_statement``: ``.condition``, block.
``each_statement``: ``.iterator``, ``.collection``, block. ``for_statement``: ``.range``, block.
``return_statement``: ``'@'``, ``at_name``, ``.value``. ``at_rule``, any other: the same with
``.prelude``, perhaps a block. In values: ``call_expression`` (``function_name``, ``arguments``),
``map`` of ``pair`` (``.key``, ``.value``), ``list`` of ``element``, ``string_value``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from arqon_maestro.corpusgen.snippets.stylesheet_tokens import (
    AT,
    COMMENT,
    IGNORED,
    LINE_COMMENT,
    QUOTE,
    SPACE,
    STRING,
    VARIABLE,
    WORD,
    Token,
    tokens_of,
)
from arqon_maestro.corpusgen.snippets.tree_builder import TreeBuilder
from arqon_maestro.corpusgen.snippets.trees import SyntaxTree

NODE_TYPES = (
    "stylesheet block rule_set selectors selector declaration nested_declaration property_name "
    "variable value mixin_statement function_statement include_statement identifier parameters "
    "parameter arguments argument if_statement else_if_clause else_clause while_statement "
    "each_statement for_statement return_statement at_rule at_name condition iterator collection "
    "range prelude call_expression function_name map pair key list element string_value "
    "ERROR comment line_comment ':' '@' ';' 'in'"
)
FIELDS = "name value default condition iterator collection range prelude key"

# Brackets in values that are nested deeper than this are not looked into.
_DEEPEST_VALUE = 20
_PROPERTY = re.compile(r"[*_]?(?:[\w.$-]|#\{[^}]*\})+")
_NESTED = re.compile(r"(?:[\w-]|#\{[^}]*\})+\s*:(?=\s|$)")
_STATEMENTS = {
    "@mixin": "mixin_statement",
    "@function": "function_statement",
    "@include": "include_statement",
    "@if": "if_statement",
    "@while": "while_statement",
    "@each": "each_statement",
    "@for": "for_statement",
    "@return": "return_statement",
}
_CLOSED_BY_ELSE = ("if_statement", "else_if_clause")


def parse_stylesheet(source: str) -> SyntaxTree:
    """Parses SCSS or CSS; what is no statement becomes an ERROR node.

    Args:
        source: ASCII text.
    """
    return _Parser(source).run()


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        tokens = tokens_of(source)
        self._tokens = tokens.all
        self._partners = tokens.partners
        self._last = len(self._tokens) - 1
        self._builder = TreeBuilder(source)

    def run(self) -> SyntaxTree:
        """Parses all statements; blocks that are open are kept in a list, not by recursion."""
        tokens, builder, last = self._tokens, self._builder, self._last
        builder.open("stylesheet", 0)
        owners: list[str] = []  # of the open blocks
        at = 0
        while at < last:
            token = tokens[at]
            if token.sort in IGNORED:
                self._comment(token)
                at += 1
            elif token.text == ";":
                at += 1
            elif token.text == "}":
                at += 1
                if owners:
                    at = self._close_block(owners, token, at)
                else:
                    builder.error(token.start, token.end)
            else:
                at = self._statement(at, owners)
        end = tokens[last].end
        if owners:
            builder.blame()
            builder.error_bytes += 1
        while owners:
            builder.close(end)
            if builder.close(end) in ("else_if_clause", "else_clause"):
                builder.close(end)
            owners.pop()
        builder.close(end)
        return builder.tree()

    def _comment(self, token: Token) -> None:
        if token.sort != SPACE:
            kind = "line_comment" if token.sort == LINE_COMMENT else "comment"
            self._builder.leaf(kind, token.start, token.end)

    def _close_block(self, owners: list[str], token: Token, at: int) -> int:
        """Ends a block and what it belongs to; returns the index of the next token."""
        builder = self._builder
        builder.close(token.end)
        owner = owners.pop()
        if owner != "if_statement":
            builder.close(token.end)
        if owner not in ("if_statement", "else_if_clause", "else_clause"):
            return at
        following = self._next(at)
        if owner in _CLOSED_BY_ELSE and self._tokens[following].text == "@else":
            for skipped in self._tokens[at:following]:
                self._comment(skipped)
            return self._else(following, owners)
        builder.close(token.end)
        return at

    def _else(self, at: int, owners: list[str]) -> int:
        tokens, builder = self._tokens, self._builder
        stop = self._stop(at)
        if tokens[stop].text != "{":
            builder.error(tokens[at].start, tokens[stop].start)
            builder.close(tokens[stop].start)
            return stop
        condition = self._next(at + 1)
        kind = "else_if_clause" if tokens[condition].text == "if" else "else_clause"
        builder.open(kind, tokens[at].start)
        if kind == "else_if_clause":
            self._value("condition", condition + 1, stop, "condition")
        self._open_block(kind, stop, owners)
        return stop + 1

    def _open_block(self, owner: str, at: int, owners: list[str]) -> None:
        token = self._tokens[at]
        self._builder.open("block", token.start)
        owners.append(owner)

    def _next(self, at: int) -> int:
        """Returns the first token from `at` on that is no blank or comment."""
        while self._tokens[at].sort in IGNORED:
            at += 1
        return at

    def _stop(self, at: int) -> int:
        """Returns the ``;``, ``{`` or ``}`` that ends the head of a statement."""
        tokens, partners, last = self._tokens, self._partners, self._last
        while at < last:
            text = tokens[at].text
            if text in (";", "{", "}"):
                return at
            at = partners.get(at, at) + 1
        return last

    def _statement(self, at: int, owners: list[str]) -> int:
        """Parses a statement up to its end or into its block; returns the next token's index."""
        tokens, builder = self._tokens, self._builder
        first, stop = tokens[at], self._stop(at)
        ending = tokens[stop]
        block = ending.text == "{"
        if self._is_broken(at, stop) or first.text == "@else" or (block and at == stop):
            end = self._end(at, stop) if stop > at else ending.end
            builder.error(first.start, end)
            return self._partners.get(stop, stop) + 1 if block else stop
        if first.sort == AT:
            kind = _STATEMENTS.get(first.text, "at_rule")
            builder.open(kind, first.start)
            self._at_head(kind, at, stop)
        elif block and _NESTED.match(self._source, first.start, ending.start) is None:
            kind = "rule_set"
            builder.open(kind, first.start)
            self._list("selectors", "selector", at, stop)
        else:
            colon = self._colon(at, stop)
            kind = "nested_declaration" if block else "declaration"
            if colon is None or not self._is_declaration(at, colon, stop, block):
                builder.error(first.start, self._end(at, stop))
                return stop
            builder.open(kind, first.start)
            name = "variable" if first.sort == VARIABLE else "property_name"
            builder.leaf(name, first.start, self._end(at, colon), "name")
            builder.leaf("':'", tokens[colon].start, tokens[colon].end)
            self._value("value", colon + 1, stop, "value")
        if block:
            self._open_block(kind, stop, owners)
            return stop + 1
        if ending.text == ";":
            builder.leaf("';'", ending.start, ending.end)
            builder.close(ending.end)
            return stop + 1
        builder.close(self._end(at, stop))
        return stop

    def _is_broken(self, at: int, stop: int) -> bool:
        """Returns whether there is a quote or bracket without its partner before `stop`."""
        tokens, partners = self._tokens, self._partners
        while at < stop:
            token = tokens[at]
            if token.sort == QUOTE or (token.sort in ("open", "close") and at not in partners):
                return True
            at = partners.get(at, at) + 1
        return False

    def _is_declaration(self, at: int, colon: int, stop: int, block: bool) -> bool:
        tokens = self._tokens
        name = self._source[tokens[at].start : self._end(at, colon)]
        if _PROPERTY.fullmatch(name) is None:
            return False
        if not block and self._next(colon + 1) >= stop and not name.startswith("--"):
            return False
        # A colon on a later line is the next declaration's: a semicolon is missing.
        again = self._colon(colon + 1, stop)
        between = "" if again is None else self._source[tokens[colon].end : tokens[again].start]
        return "\n" not in between

    def _colon(self, at: int, stop: int) -> int | None:
        tokens, partners = self._tokens, self._partners
        while at < stop:
            if tokens[at].text == ":":
                return at
            at = partners.get(at, at) + 1
        return None

    def _end(self, at: int, stop: int) -> int:
        """Returns where the text of the tokens ends, without blanks and comments behind it."""
        while stop > at + 1 and self._tokens[stop - 1].sort in IGNORED:
            stop -= 1
        return self._tokens[stop - 1].end

    def _at_head(self, kind: str, at: int, stop: int) -> None:
        """Parses what stands between the ``@`` of a rule and its block or end."""
        tokens, builder = self._tokens, self._builder
        name = tokens[at]
        builder.leaf("'@'", name.start, name.start + 1)
        builder.leaf("at_name", name.start + 1, name.end)
        if kind in ("mixin_statement", "function_statement", "include_statement"):
            start = after = self._next(at + 1)
            while after < stop and tokens[after].text != "(" and tokens[after].sort != SPACE:
                after = self._partners.get(after, after) + 1
            if after > start:
                builder.leaf("identifier", tokens[start].start, tokens[after - 1].end, "name")
            opening = self._next(after)
            if tokens[opening].text == "(" and opening < stop:
                called = kind == "include_statement"
                lists = ("arguments", "argument") if called else ("parameters", "parameter")
                self._bracketed(*lists, opening, 0)
        elif kind in ("if_statement", "while_statement"):
            self._value("condition", at + 1, stop, "condition")
        elif kind == "each_statement":
            between = next((i for i in range(at, stop) if tokens[i].text == "in"), stop)
            self._value("iterator", at + 1, between, "iterator")
            if between < stop:
                builder.leaf("'in'", tokens[between].start, tokens[between].end)
                self._value("collection", between + 1, stop, "collection")
        elif kind == "for_statement":
            self._value("range", at + 1, stop, "range")
        else:
            field = "value" if kind == "return_statement" else "prelude"
            self._value(field, at + 1, stop, field)

    def _value(self, kind: str, at: int, stop: int, field: str, depth: int = 0) -> None:
        """Adds a node for a value, if there is one."""
        at = self._next(at)
        if at >= stop:
            return
        self._builder.open(kind, self._tokens[at].start, field)
        self._content(at, stop, depth)
        self._builder.close(self._end(at, stop))

    def _content(self, at: int, stop: int, depth: int) -> None:
        """Adds nodes for strings, comments, calls and brackets."""
        tokens, builder, partners = self._tokens, self._builder, self._partners
        while at < stop:
            token = tokens[at]
            if token.sort == STRING:
                builder.leaf("string_value", token.start, token.end)
            elif token.sort in (COMMENT, LINE_COMMENT):
                self._comment(token)
            elif at in partners:
                if token.text == "(" and depth < _DEEPEST_VALUE:
                    self._bracketed("", "element", at, depth)
                at = partners[at]
            elif token.sort == WORD and tokens[at + 1].text == "(" and at + 1 in partners:
                builder.open("call_expression", token.start)
                builder.leaf("function_name", token.start, token.end)
                if depth < _DEEPEST_VALUE:
                    self._bracketed("arguments", "argument", at + 1, depth)
                at = partners[at + 1]
                builder.close(tokens[at].end)
            at += 1

    def _bracketed(self, kind: str, item: str, opening: int, depth: int) -> None:
        """Adds a node for brackets and their items; without a `kind`, a map or a list."""
        tokens, builder = self._tokens, self._builder
        closing = self._partners[opening]
        items = list(self._items(opening + 1, closing))
        if not kind:
            is_map = any(self._colon(*bounds) is not None for bounds in items)
            kind, item = ("map", "pair") if is_map else ("list", item)
        builder.open(kind, tokens[opening].start)
        for start, stop in items:
            self._item(item, start, stop, depth + 1)
        builder.close(tokens[closing].end)

    def _item(self, kind: str, at: int, stop: int, depth: int) -> None:
        tokens, builder = self._tokens, self._builder
        builder.open(kind, tokens[at].start)
        colon = self._colon(at, stop) if kind in ("pair", "parameter") else None
        if kind == "parameter":
            builder.leaf("variable", tokens[at].start, self._end(at, colon or stop), "name")
        elif colon is not None:
            self._value("key", at, colon, "key", depth)
        if colon is not None:
            field = "default" if kind == "parameter" else "value"
            builder.leaf("':'", tokens[colon].start, tokens[colon].end)
            self._value("value", colon + 1, stop, field, depth)
        elif kind != "parameter":
            self._content(at, stop, depth)
        builder.close(self._end(at, stop))

    def _list(self, kind: str, item: str, at: int, stop: int) -> None:
        builder = self._builder
        builder.open(kind, self._tokens[at].start)
        for start, end in self._items(at, stop):
            builder.leaf(item, self._tokens[start].start, self._end(start, end))
        builder.close(self._end(at, stop))

    def _items(self, at: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yields the bounds of what commas part, without blanks before it."""
        tokens, partners = self._tokens, self._partners
        start = at
        while at <= stop:
            if at == stop or tokens[at].text == ",":
                start = self._next(start)
                if start < at:
                    yield start, at
                start = at + 1
            at = partners.get(at, at) + 1
