"""Where Python code goes when it is added: found in the syntax tree around the caret.

Statements go below the statement of the caret, into the body if the caret is in its header;
members go into the class; clauses behind those that are there; parameters, arguments, elements
and the like to the end of their list.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from arqon_maestro.corpusgen.snippets.syntax import parse
from arqon_maestro.corpusgen.snippets.trees import SyntaxTree
from arqon_maestro.languages import Language
from arqon_maestro.runtime.document import Document
from arqon_maestro.runtime.placement import STATEMENT_LIST, Place, statement_line
from arqon_maestro.runtime.selection import ImpossibleError

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LISTS = ("module", "block")
_FUNCTION, _CLASS = "function_definition", "class_definition"
_IMPORTS = ("import_statement", "import_from_statement", "future_import_statement")
_CLAUSES = ("elif_clause", "else_clause", "except_clause", "finally_clause")
_DEFINITIONS = ("class", "function", "method", "enum")


class PythonPlaces:
    """The places for new code around the caret of a document."""

    def __init__(self, document: Document, language: Language) -> None:
        self._document = document
        # One character stands for another, so that offsets stay; the parser wants ASCII.
        source = _NOT_ASCII.sub("x", document.source)
        self._tree: SyntaxTree = parse(source, (f"{language.grammar}:{language.grammar_function}",))
        self._at = self._nearby_text(document.cursor)

    def find(self, kind: str) -> Place:
        """Returns the place for a kind of addition (``function``, ``parameter``, ``bare``, …).

        Raises:
            ImpossibleError: what it is added to is not there.
        """
        special: dict[str, Callable[[], Place]] = {
            "method": self._member,
            "property": self._member,
            "import": self._import,
            "parameter": lambda: self._listed("parameters", "ParameterList"),
            "argument": self._argument,
            "element": lambda: self._listed("list", "List_", "tuple", "set"),
            "entry": lambda: self._listed("dictionary", "KeyValuePairList"),
            "extends": self._base_class,
            "decorator": self._decorator,
            "modifier": self._modifier,
            "returnType": self._return_type,
            "returnValue": self._return_value,
            "type": self._type,
            "else": lambda: self._clause("ElseClauseOptional", _CLAUSES[1:2], _CLAUSES[:3]),
            "elseIf": lambda: self._clause("ElseIfClauseList", (), _CLAUSES[:1], "if_statement"),
            "catch": lambda: self._clause("CatchClauseList", (), _CLAUSES[2:3], "try_statement"),
            "finally": lambda: self._clause(
                "FinallyClauseOptional", _CLAUSES[3:], _CLAUSES, "try_statement"
            ),
        }
        return special[kind]() if kind in special else self._statement(kind)

    def _nearby_text(self, cursor: int) -> int:
        """Returns the caret, or on a blank line the end of the text above it."""
        start, stop = self._document.line(cursor)
        if self._document.source[start:stop].strip():
            return cursor
        return len(self._document.source[:start].rstrip())

    def _nearest(self, *kinds: str) -> int | None:
        """Returns the innermost node of some kind that touches the caret."""
        tree, found = self._tree, None
        for node, kind in enumerate(tree.kinds):
            if kind in kinds and tree.starts[node] <= self._at <= tree.ends[node]:
                found = node
        return found

    def _require(self, what: str, *kinds: str) -> int:
        node = self._nearest(*kinds)
        if node is None:
            raise ImpossibleError(f"the caret is in no {what}")
        return node

    def _children(self, node: int, *kinds: str) -> list[int]:
        return [
            child
            for child in self._tree.children(node)
            if (self._tree.kinds[child] in kinds if kinds else self._tree.kinds[child][0] != "'")
        ]

    def _field(self, node: int, name: str) -> int | None:
        return next(
            (child for child in self._tree.children(node) if self._tree.fields[child] == name), None
        )

    def _container(self, block: int) -> str:
        above = self._tree.parents[block]
        in_class = above >= 0 and self._tree.kinds[above] == _CLASS
        return "ClassMemberList" if in_class else STATEMENT_LIST

    def _statement(self, kind: str) -> Place:
        document = self._document
        start, stop = document.line(document.cursor)
        if not document.source[start:stop].strip():
            return self._blank_line(start, stop)
        statement = self._current_statement()
        if statement is None:
            return statement_line(document)
        body = self._body_ahead(statement)
        in_class = self._tree.kinds[self._definition(statement)] == _CLASS
        if body is not None and (kind not in _DEFINITIONS or in_class):
            return self._at_start_of(body)
        return self._below(statement)

    def _blank_line(self, start: int, stop: int) -> Place:
        document, tree = self._document, self._tree
        blocks = [node for node, kind in enumerate(tree.kinds) if kind == "block"]
        around = [node for node in blocks if tree.starts[node] < start < tree.ends[node]]
        width = document.source[start:stop]
        if not around and width:
            around = [
                node
                for node in blocks
                if tree.ends[node] <= start
                and document.line_indentation(tree.starts[node]) == width
            ]
        if not around:
            return Place(start, stop, width, "", STATEMENT_LIST, width)
        indentation = document.line_indentation(tree.starts[around[-1]])
        return Place(start, stop, indentation, "", self._container(around[-1]), indentation)

    def _current_statement(self) -> int | None:
        """Returns the innermost statement on the caret's line that starts a line."""
        tree, document = self._tree, self._document
        line_start, line_stop = document.line(document.cursor)
        first = line_start + len(document.line_indentation(document.cursor))
        found = None
        for node, parent in enumerate(tree.parents):
            if (
                parent >= 0
                and tree.kinds[parent] in _LISTS
                and tree.kinds[node] != "comment"
                and tree.starts[node] <= line_stop
                and tree.ends[node] >= first
                and self._starts_line(node)
            ):
                found = node
        return found

    def _starts_line(self, node: int) -> bool:
        start = self._tree.starts[node]
        return start - self._document.line(start)[0] == len(self._document.line_indentation(start))

    def _definition(self, statement: int) -> int:
        """Returns the definition below a decorated one, else the statement itself."""
        return self._field(statement, "definition") or statement

    def _body_ahead(self, statement: int) -> int | None:
        """Returns the body that starts on a line of its own below the caret's line."""
        tree, document = self._tree, self._document
        line_stop = document.line(document.cursor)[1]
        for node in range(statement, tree.afters[statement]):
            if tree.kinds[node] == "block" and tree.starts[node] > line_stop:
                return node
        return None

    def _at_start_of(self, body: int) -> Place:
        tree = self._tree
        first, *others = self._children(body)
        indentation = self._document.line_indentation(tree.starts[first])
        container = self._container(body)
        if not others and tree.text(first) == "pass":
            return Place(tree.starts[first], tree.ends[first], "", "", container, indentation)
        start = tree.starts[first]
        return Place(start, start, "", "\n" + indentation, container, indentation)

    def _below(self, statement: int) -> Place:
        parent = self._tree.parents[statement]
        place = self._after_line(statement, self._tree.starts[statement])
        return Place(
            place.start,
            place.stop,
            place.before,
            "",
            self._container(parent),
            place.line_indentation,
        )

    def _after_line(self, node: int, indented_as: int, container: str | None = None) -> Place:
        """Returns a new line behind the last line of `node`."""
        stop = self._document.line(self._tree.ends[node])[1]
        indentation = self._document.line_indentation(indented_as)
        return Place(stop, stop, "\n" + indentation, "", container, indentation)

    def _member(self) -> Place:
        found = self._nearest(_CLASS)
        body = None if found is None else self._field(found, "body")
        if body is None:
            return self._statement("method")
        tree = self._tree
        if self._at < tree.starts[body]:
            return self._at_start_of(body)
        members = [node for node in self._children(body) if tree.starts[node] <= self._at]
        return self._below((members or self._children(body))[-1])

    def _import(self) -> Place:
        statements = self._children(0)
        imports = [node for node in statements if self._tree.kinds[node] in _IMPORTS]
        if imports:
            return self._below(imports[-1])
        first = next((n for n in statements if self._tree.kinds[n] != "comment"), None)
        if first is None:
            return self._statement("import")
        if self._tree.text(first)[:1] in "\"'":  # the module's docstring
            return self._below(first)
        start = self._tree.starts[first]
        return Place(start, start, "", "\n", STATEMENT_LIST)

    def _listed(self, kind: str, container: str, *others: str) -> Place:
        return self._end_of(self._require(kind, kind, *others), container)

    def _end_of(self, node: int, container: str) -> Place:
        """Returns the place behind the last element of a bracketed list."""
        tree = self._tree
        stop = tree.ends[node] - 1
        text = tree.source[tree.starts[node] + 1 : stop]
        start = tree.starts[node] + 1 + len(text.rstrip())
        before = "" if not text.strip() else " " if text.rstrip().endswith(",") else ", "
        return Place(start, stop, before, "", container, self._document.line_indentation(start))

    def _argument(self) -> Place:
        tree = self._tree
        calls = [
            node
            for node, kind in enumerate(tree.kinds)
            if kind == "argument_list" and tree.fields[node] != "superclasses"
        ]
        touching = [n for n in calls if tree.starts[n] <= self._at <= tree.ends[n]]
        line_start, line_stop = self._document.line(self._at)
        in_line = [n for n in calls if line_start <= tree.starts[n] and tree.ends[n] <= line_stop]
        found = touching or in_line
        if not found:
            raise ImpossibleError("the caret is in no call")
        return self._end_of(found[-1], "ArgumentList")

    def _base_class(self) -> Place:
        found = self._require("class", _CLASS)
        bases = self._field(found, "superclasses")
        if bases is not None:
            empty = not self._children(bases)
            return self._end_of(bases, "ExtendsListOptional" if empty else "ExtendsList")
        name = self._field(found, "name")
        stop = self._tree.ends[found if name is None else name]
        return Place(stop, stop, "(", ")", "ExtendsListOptional")

    def _decorator(self) -> Place:
        found = self._require("function or class", _FUNCTION, _CLASS)
        start = self._document.line(self._tree.starts[found])[0]
        indentation = self._document.line_indentation(start)
        return Place(start, start, indentation, "\n", "DecoratorList", indentation)

    def _modifier(self) -> Place:
        start = self._tree.starts[self._require("function", _FUNCTION)]
        return Place(start, start, "", " ", "ModifierList")

    def _return_type(self) -> Place:
        found = self._require("function", _FUNCTION)
        parameters = self._field(found, "parameters")
        if parameters is None or self._field(found, "return_type") is not None:
            raise ImpossibleError("the function has a return type")
        stop = self._tree.ends[parameters]
        return Place(stop, stop, " -> ", "", "TypeOptional")

    def _return_value(self) -> Place:
        found = self._nearest("return_statement")
        if found is not None and not self._children(found):
            stop = self._tree.ends[found]
            indentation = self._document.line_indentation(stop)
            return Place(stop, stop, " ", "", "ReturnValueOptional", indentation)
        place = self._statement("returnValue")
        return Place(
            place.start,
            place.stop,
            place.before + "return ",
            place.after,
            "ReturnValueOptional",
            place.line_indentation,
        )

    def _type(self) -> Place:
        tree = self._tree
        assigned = self._nearest("assignment")
        target = None if assigned is None else self._field(assigned, "left")
        for node, parent in enumerate(tree.parents):
            if (
                parent >= 0
                and tree.kinds[node] == "identifier"
                and tree.kinds[parent] == "parameters"
                and tree.starts[node] <= self._at <= tree.ends[node]
            ):
                target = node
        if target is None or (assigned is not None and self._field(assigned, "type") is not None):
            raise ImpossibleError("nothing that lacks a type is at the caret")
        stop = tree.ends[target]
        return Place(stop, stop, ": ", "", "TypeOptional")

    def _clause(
        self,
        container: str,
        once: tuple[str, ...],
        follows: tuple[str, ...],
        *kinds: str,
    ) -> Place:
        """Returns the place for a clause.

        Args:
            once: clauses that the statement must not have yet.
            follows: clauses that come before the new one.
            kinds: of the statement; any that may have an ``else`` by default.
        """
        kinds = kinds or ("if_statement", "for_statement", "while_statement", "try_statement")
        found = self._require(f"{kinds[0].split('_')[0]} statement", *kinds)
        if self._children(found, *once) and once:
            raise ImpossibleError("the statement has such a clause already")
        body = self._field(found, "consequence") or self._field(found, "body")
        last = [*self._children(found, *follows), found if body is None else body]
        node = max(last[:-1], default=last[-1])
        return self._after_line(node, self._tree.starts[found], container)
