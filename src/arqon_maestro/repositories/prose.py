"""English prose out of documentation and code: one sentence a line, for the language `default`.

Read are Markdown, reStructuredText and plain text, and the docstrings and comments of source code,
which are 10-40% of its bytes. Left out: code samples, tables, directives, addresses, doctests and
whatever else is not made of words.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

FEWEST_WORDS = 4
MOST_WORDS = 60
MOST_CHARACTERS = 600
"""Of a sentence; a paragraph ten times as long is no paragraph of prose."""
FEWEST_SENTENCES = 10
"""A document of fewer lines is too short for CorpusGen's file filter."""
LEAST_WORDY_SHARE = 0.9
"""Share of a sentence's characters that are letters, blanks or plain punctuation."""

DOCUMENT_SUFFIXES = frozenset({".md", ".markdown", ".rst", ".txt"})
_HASH_COMMENTS = frozenset({".py", ".rb", ".sh", ".bash"})
_SLASH_COMMENTS = frozenset(
    {
        *(".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".cs", ".dart", ".go"),
        *(".java", ".js", ".jsx", ".kt", ".kts", ".mjs", ".rs", ".scss", ".ts", ".tsx"),
    }
)


def is_prose_source(path: str) -> bool:
    """Returns whether a path is a document or code whose comments can be read."""
    suffix = PurePosixPath(path).suffix.lower()
    return suffix in DOCUMENT_SUFFIXES or suffix in _HASH_COMMENTS or suffix in _SLASH_COMMENTS


def is_document(path: str) -> bool:
    """Returns whether a path is a document, as opposed to code with comments."""
    return PurePosixPath(path).suffix.lower() in DOCUMENT_SUFFIXES


def sentences(path: str, text: str) -> list[str]:
    """Returns the sentences of a file, in order, by the kind of the file.

    Args:
        path: decides how the text is read.
        text: the content.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in (".md", ".markdown"):
        blocks = _markdown(text)
    elif suffix in (".rst", ".txt"):
        blocks = _paragraphs(_without_directives(text))
    elif suffix in _HASH_COMMENTS:
        blocks = (p for block in _hash_comments(text) for p in _paragraphs(block))
    elif suffix in _SLASH_COMMENTS:
        blocks = (p for block in _slash_comments(text) for p in _paragraphs(block))
    else:
        return []
    return [sentence for block in blocks for sentence in _sentences_of(block)]


# --- from files to blocks ------------------------------------------------------------------------

# What is opened and never closed is matched to the end of the text, here and below: a search that
# came to the end and failed would begin again at the next opening, in quadratic time.
_FENCE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SETEXT_OR_HEADING = re.compile(r"^#{1,6} .*$|^.*\n(?:=+|-+)[ \t]*$", re.MULTILINE)


def _markdown(text: str) -> Iterator[str]:
    text = _FRONT_MATTER.sub("", text)
    for pattern in (_FENCE, _HTML_COMMENT, _SETEXT_OR_HEADING):
        text = pattern.sub("\n\n", text)
    yield from _paragraphs(text)


_DIRECTIVE = re.compile(r"^([ \t]*)\.\. [^\n]*(?:\n(?:\1[ \t]+[^\n]*|[ \t]*))*", re.MULTILINE)
_LITERAL = re.compile(r"::[ \t]*\n((?:[ \t]*\n)*)([ \t]+)[^\n]*(?:\n(?:\2[^\n]*|[ \t]*))*")
_RULE = re.compile(r"^.*\n[ \t]*([=\-~^\"'#*+`:.])\1{2,}[ \t]*$", re.MULTILINE)


def _without_directives(text: str) -> str:
    text = _LITERAL.sub(".\n\n", text)
    return _RULE.sub("\n", _DIRECTIVE.sub("\n", text))


# A string or a comment, whichever begins first; the longer opening is tried first.
_PYTHONIC = re.compile(
    r'(?P<doc>"""(?:[^"\\]|\\.|"(?!""))*(?:"""|\Z)|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*(?:\'\'\'|\Z))'
    r'|"(?:[^"\\\n]|\\.)*"?|\'(?:[^\'\\\n]|\\.)*\'?'
    r"|(?P<comment>\#[^\n]*)",
    re.DOTALL,
)
_C_LIKE = re.compile(
    r'"(?:[^"\\\n]|\\.)*"?|\'(?:[^\'\\\n]|\\.)*\'?|`(?:[^`\\]|\\.)*(?:`|\Z)'
    r"|(?P<block>/\*(?:[^*]|\*(?!/))*(?:\*/|\Z))|(?P<comment>//[^\n]*)",
    re.DOTALL,
)


def _hash_comments(text: str) -> Iterator[str]:
    yield from _comments(text, _PYTHONIC, "doc")


def _slash_comments(text: str) -> Iterator[str]:
    yield from _comments(text, _C_LIKE, "block")


def _comments(text: str, pattern: re.Pattern[str], block: str) -> Iterator[str]:
    """Yields docstrings and block comments, and runs of full-line comments, as blocks."""
    run: list[str] = []
    run_end = -1
    for match in pattern.finditer(text):
        if not match[block] and not match["comment"]:
            continue
        line_start = text.rfind("\n", 0, match.start()) + 1
        if text[line_start : match.start()].strip():
            # A comment behind code, or a triple-quoted string that is a value.
            continue
        if match["comment"]:
            if line_start != run_end and run:
                yield "\n".join(run)
                run = []
            run.append(re.sub(r"^(?:#+[:!|]?|//+!?) ?", "", match["comment"]))
            run_end = match.end() + 1
            continue
        if run:
            yield "\n".join(run)
            run = []
        if block == "doc":
            yield match[block][3:-3]
        else:
            yield re.sub(r"^[ \t]*\*+ ?", "", match[block][2:-2].lstrip("*!"), flags=re.MULTILINE)
    if run:
        yield "\n".join(run)


# --- from blocks to sentences --------------------------------------------------------------------

_LIST_MARK = re.compile(r"^[ \t]*(?:[-*+•]|\(?\d{1,3}[.)]|\(?[a-z]\))[ \t]+")
_FIELD = re.compile(r"^[ \t]*(?:[:@\\]\w+[^\n]*|>>>.*|\.\.\. .*|\$ .*|[-=*~#_+|]{3,}.*|\|.*)$")


def _paragraphs(text: str) -> Iterator[str]:
    """Yields paragraphs as single lines: blank lines, list items and deeper indents end one."""
    lines: list[str] = []
    indent = 0
    for raw in [*text.expandtabs(4).split("\n"), ""]:
        line = raw.strip()
        depth = len(raw) - len(raw.lstrip())
        mark = _LIST_MARK.match(raw)
        skipped = bool(line) and _FIELD.match(raw) is not None
        if lines and (not line or mark or skipped or depth > indent + 3):
            yield " ".join(lines)
            lines = []
        if line and not skipped:
            if not lines:
                indent = depth
            lines.append(raw[mark.end() :].strip() if mark else line)


_MARKUP = (
    (re.compile(r"!\[[^\[\]]*\]\([^()]*\)"), " "),
    (re.compile(r"\[([^\[\]]+)\](?:\([^()]*\)|\[[^\[\]]*\])"), r"\1"),
    (re.compile(r"</?[A-Za-z][^<>]*>"), " "),
    (re.compile(r"\{@\w+ ([^{}]*)\}"), r"\1"),
    (re.compile(r":[\w:+.-]+:`~?!?([^`<]+?)(?:\s*<[^`>]*>)?`"), r"\1"),
    (re.compile(r"`+([^`]*?)(?:\s*<[^`>]*>)?`+_{0,2}"), r"\1"),
    (re.compile(r"(\*\*|\*)(?=\S)([^*\n]+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"\s+"), " "),
)
_END = re.compile(r"(?<=[a-z0-9)\"'][.!?])[\"')]?\s+(?=[\"'(]?[A-Z])")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|cf|vs|approx|Mr|Mrs|Dr|St|No|Fig|Sec|resp)\.$")
_NOISE = re.compile(
    r"https?:|www\.|[\w.+-]+@[\w-]+\.|[{}<>|\\=~^]|\w\(\w*\)\.|::|[/.]\w+[/.]\w+/|\w_\w+_\w+_\w|"
    r"\bcopyright\b|\(c\)|\ball rights reserved\b|\blicen[cs]ed?\b|\bXXX\b|\bnoqa\b|\btype: ignore",
    re.IGNORECASE,
)
_WORDY = re.compile(r"[A-Za-z ,.;:!?'\"()-]")


def _sentences_of(paragraph: str) -> Iterator[str]:
    if len(paragraph) > 10 * MOST_CHARACTERS:
        return
    text = html.unescape(paragraph)
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    pending = ""
    for piece in _END.split(text.strip()):
        pending = f"{pending} {piece}".strip()
        if _ABBREVIATION.search(pending):
            continue
        if _is_sentence(pending):
            yield pending
        pending = ""
    if pending and _is_sentence(pending):
        yield pending


def _is_sentence(text: str) -> bool:
    if (
        len(text) > MOST_CHARACTERS
        or not text.isascii()
        or not text[:1].isalpha()
        or text[-1:] in (":", ",", "(")
    ):
        return False
    words = text.split()
    if not FEWEST_WORDS <= len(words) <= MOST_WORDS or _NOISE.search(text):
        return False
    if len(_WORDY.findall(text)) < LEAST_WORDY_SHARE * len(text):
        return False
    plain = sum(word.strip(".,;:!?'\"()").isalpha() for word in words)
    return plain >= 0.7 * len(words)
