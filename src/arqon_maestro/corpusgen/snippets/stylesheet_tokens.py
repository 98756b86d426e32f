"""The tokens of a style sheet, and which brackets belong together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

_INTERPOLATED = r"\#\{(?:[^{}\"']|\"[^\"\n]*+\"|'[^'\n]*+')*+\}"
# What is in the parentheses here is one token, unless it is computed.
_PLAIN_URL = r"\(\s*+(?![\"'$])(?:[^()\"'\s;{}\#]|\#(?!\{)|;(?=[\w-]+[,;=]))*+\s*+\)"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s++)
    |(?P<word>(?![Uu][Rr][Ll]\(|-->)[\w-]++|\\.)
    |(?P<mark>[;:,])
    |(?P<comment>/\*.*?(?:\*/|\Z)|<!--|-->)
    |(?P<url>[Uu][Rr][Ll]{_PLAIN_URL})
    |(?P<name>[\w-]++)
    |(?P<line>//[^\n]*+)
    |(?P<variable>\$[\w-]++)
    |(?P<at>@[\w-]++)
    |(?P<string>"(?:[^"\\\n#]|\\.|{_INTERPOLATED}|\#(?!\{{))*+"
               |'(?:[^'\\\n#]|\\.|{_INTERPOLATED}|\#(?!\{{))*+')
    |(?P<open>\#\{{|[({{\[])
    |(?P<close>[)}}\]])
    |(?P<quote>["'])
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSERS = {"(": ")", "[": "]", "{": "}", "#{": "}"}
_FRONT_MATTER = re.compile(r"---\n(?:.*?\n)??---\n", re.DOTALL)

WORD, VARIABLE, STRING, AT = "word", "variable", "string", "at"
SPACE, LINE_COMMENT, COMMENT, QUOTE = "space", "line", "comment", "quote"
_ALIASES = {"url": STRING, "name": WORD}
IGNORED = frozenset((SPACE, LINE_COMMENT, COMMENT))


class Token(NamedTuple):
    """One token: its sort, its text and where it starts."""

    sort: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Offset after the token."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a style sheet.

    Attributes:
        all: in their order, and a last one without text.
        partners: by the index of an opening bracket, that of its closing one; brackets without a
            partner are not in it.
    """

    all: list[Token]
    partners: dict[int, int]


def tokens_of(source: str) -> Tokens:
    """Splits a style sheet into tokens; front matter before it is a comment."""
    found: list[Token] = []
    front = _FRONT_MATTER.match(source)
    at = 0
    if front is not None:
        at = front.end()
        found.append(Token(COMMENT, source[:at].rstrip("\n"), 0))
    for match in _TOKEN.finditer(source, at):
        sort = match.lastgroup or ""
        found.append(Token(_ALIASES.get(sort, sort), match[0], match.start()))
    found.append(Token("end", "", len(source)))
    return Tokens(found, _partners(found))


def _partners(tokens: list[Token]) -> dict[int, int]:
    partners: dict[int, int] = {}
    waiting: list[int] = []
    for index, token in enumerate(tokens):
        if token.sort == "open":
            waiting.append(index)
        elif token.sort == "close":
            if token.text == "}":
                # What is still open in a block is never closed.
                while waiting and _CLOSERS[tokens[waiting[-1]].text] != "}":
                    waiting.pop()
            if waiting and _CLOSERS[tokens[waiting[-1]].text] == token.text:
                partners[waiting.pop()] = index
    return partners
