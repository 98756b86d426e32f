"""Checks of insert mappings: they are pieces of the source, and together they are all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from arqon_maestro.corpusgen.audit.recording import Call, RecordingGenerator
from arqon_maestro.corpusgen.audit.records import FileAudit
from arqon_maestro.corpusgen.context import Contexts
from arqon_maestro.corpusgen.drafts import InsertDraft, insert_drafts
from arqon_maestro.corpusgen.rates import ALPHA_LIMIT_UNITS, ALPHA_WINDOW_UNITS
from arqon_maestro.corpusgen.tokens import LINE_BREAKS, SPACE, TokenStream, decode, split_units

TEXT = "insert: its target is the source"
SNIPPET_TEXT = "insert: its target is the source without what is left for later"
CLOSERS = "insert: only brackets that opened in it close after its end"
PLURAL = "insert: a plural ending is that of the word before"
LEADING = "context: the leading tokens are those before the mapping"
ALPHA = "context: the alpha entries stand before, in 50 units at most"
WORDS = "words: lower-case words"
COVERAGE = "file: every unit is said once"

_WORD = re.compile(r"[a-z][a-z']*")
_OPENERS = {")": "(", "]": "[", "}": "{", ">": "<"}


def check_inserts(
    generator: RecordingGenerator,
    contexts: Contexts,
    placeholders: Sequence[str],
    audit: FileAudit,
) -> None:
    """Makes the insert mappings of a file and checks them.

    Args:
        generator: says the file, and records it.
        contexts: draws the contexts.
        placeholders: texts that a snippet may put where it took something out.
        audit: counts the checks.
    """
    stream = generator.stream
    fates: list[str] = [""] * len(stream)
    seen = 0
    for draft in insert_drafts(generator, audit.rejects):
        audit.inserts += 1
        if draft.start < draft.stop:
            *silent, call = generator.calls[seen:]
            _settle(stream, silent, fates, audit)
            _check_text(stream, draft, call, placeholders, fates, audit)
        else:
            _settle(stream, generator.calls[seen:], fates, audit)
        seen = len(generator.calls)
        if draft.suffix:
            _check_plural(stream, draft, audit)
        leading, alpha = contexts.draw(draft.start, draft.words, draft.stem)
        offset = stream.start[draft.start]
        check_words(draft.words, draft.output, offset, audit)
        check_contexts(stream, draft.start, leading, alpha, draft.stem, audit)
    _settle(stream, generator.calls[seen:], fates, audit)
    _check_coverage(stream, fates, audit)


def check_words(
    words: Sequence[str], output: Sequence[str], offset: int, audit: FileAudit, kind: str = ""
) -> None:
    """Checks that what is said are words."""
    wrong = [word for word in words if _WORD.fullmatch(word) is None]
    reason = "no words" if not words else f"not words: {' '.join(wrong)}" if wrong else None
    audit.check(WORDS, reason, offset, words, output, kind)


def check_contexts(
    stream: TokenStream,
    start: int,
    leading: Sequence[str],
    alpha: Sequence[str],
    stem: str,
    audit: FileAudit,
) -> None:
    """Checks the contexts of a mapping that starts at unit `start`."""
    offset = stream.start[start]
    first = start - len(leading)
    before = stream.printed[first:start]
    if stem and before:
        before = [*before[:-1], stem]
    reason = None if list(leading) == before else f"they are {' '.join(leading)}"
    audit.check(LEADING, reason, offset)
    if not alpha:
        return
    window = " ".join(stream.printed[max(0, first - ALPHA_WINDOW_UNITS) : first])
    unknown = [entry for entry in alpha if f" {entry} " not in f" {window} "]
    # An entry counts the units it was printed from: a marker or a further digit is none.
    units = sum(len(_units(entry)) + 1 for entry in alpha)
    reason = f"not before: {'; '.join(unknown)}" if unknown else None
    if units > ALPHA_LIMIT_UNITS:
        reason = f"{units} units"
    audit.check(ALPHA, reason, offset)


def _units(entry: str) -> list[str]:
    return re.findall(r"(?:[CA] )?[a-z'][a-z']*|SP|\d(?: \d)*|\S", entry)


def _check_plural(stream: TokenStream, draft: InsertDraft, audit: FileAudit) -> None:
    whole = decode([*split_units([draft.stem])]).text + draft.suffix
    before = decode(split_units([stream.printed[draft.start - 1]])).text
    reason = None if whole.lower() == before.lower() else f"{whole} is not {before}"
    audit.check(PLURAL, reason, stream.start[draft.start], draft.words, draft.output)


def _check_text(
    stream: TokenStream,
    draft: InsertDraft,
    call: Call,
    placeholders: Sequence[str],
    fates: list[str],
    audit: FileAudit,
) -> None:
    output = draft.output[1:] if draft.suffix else draft.output
    text = decode(split_units(output)).text
    offset = stream.start[draft.start]
    covered = call.covered()
    if call.snippets:
        kept = [unit for unit in covered if stream.shape[unit] not in LINE_BREAKS + SPACE]
        ours = "".join(_text(stream, unit) for unit in kept)
        theirs = "".join(text.split())
        dropped = _dropped_end(stream, call, covered) if theirs != ours else []
        fits = fits_with(ours, theirs, placeholders) or (
            bool(dropped) and fits_with(ours[: -len(dropped)], theirs, placeholders)
        )
        reason = None if fits else f"{theirs!r} of {ours!r}"
        audit.check(SNIPPET_TEXT, reason, offset, draft.words, draft.output)
        _mark(covered, "said", fates)
        return
    source = stream.source[offset : stream.start[draft.stop]]
    whole = all(start >= draft.stop for start, _ in call.remaining)
    reason = None if whole and text.startswith(source) else f"the source is {source!r}"
    audit.check(TEXT, reason, offset, draft.words, draft.output)
    if reason is not None:
        _mark(covered, "said", fates)
        return
    # What is not left for later, behind what was said: closers that are printed, and a blank or
    # semicolon that nobody says.
    closers = text[len(source) :]
    for unit in covered:
        if unit < draft.stop:
            fates[unit] = "twice" if fates[unit] else "said"
        elif closers and stream.shape[unit] == closers[0]:
            closers = closers[1:]
            fates[unit] = "twice" if fates[unit] else "said"
        elif stream.shape[unit] not in LINE_BREAKS:
            fates[unit] = "end of line" if _may_go(stream, unit, call) else "lost"
    reason = f"{closers!r} is too much" if closers else _unopened(source, text[len(source) :])
    audit.check(CLOSERS, reason, offset, draft.words, draft.output)


def _text(stream: TokenStream, unit: int) -> str:
    return stream.source[stream.start[unit] : stream.start[unit + 1]].strip()


def _unopened(source: str, closers: str) -> str | None:
    for closer in closers:
        if _OPENERS.get(closer, closer) not in source:
            return f"{closer!r} closes nothing"
    return None


def _may_go(stream: TokenStream, unit: int, call: Call) -> bool:
    """Whether a unit is a last ``;`` or blank, which a mapping may leave unsaid for good."""
    shape, end = stream.shape, min(call.stop, len(stream))
    after = unit
    while after < end and shape[after] in (SPACE, ";"):
        after += 1
    return after > unit and (after == end or shape[after] in LINE_BREAKS)


def _dropped_end(stream: TokenStream, call: Call, covered: Sequence[int]) -> list[int]:
    """Returns the semicolon that a mapping may leave unsaid at its end."""
    last = covered[-1:]
    return [unit for unit in last if stream.shape[unit] == ";" and _may_go(stream, unit, call)]


def fits_with(kept: str, printed: str, placeholders: Sequence[str]) -> bool:
    """Returns whether `printed` is `kept` with any number of placeholders in it."""
    waiting = [(0, 0)]
    seen = set(waiting)
    while waiting:
        ours, theirs = waiting.pop()
        if theirs == len(printed):
            if ours == len(kept):
                return True
            continue
        following = [
            (ours, theirs + len(text)) for text in placeholders if printed.startswith(text, theirs)
        ]
        if ours < len(kept) and kept[ours] == printed[theirs]:
            following.append((ours + 1, theirs + 1))
        for state in following:
            if state not in seen:
                seen.add(state)
                waiting.append(state)
    return False


def _mark(units: Iterable[int], fate: str, fates: list[str]) -> None:
    for unit in units:
        fates[unit] = "twice" if fates[unit] else fate


def _settle(stream: TokenStream, calls: Sequence[Call], fates: list[str], audit: FileAudit) -> None:
    """Counts the units of ranges that gave no mapping: nothing was said of them."""
    for call in calls:
        silent = bool(call.output) and not call.words
        for unit in call.covered():
            if silent or _may_go(stream, unit, call):
                fates[unit] = "twice" if fates[unit] else "nothing is said"


def _check_coverage(stream: TokenStream, fates: Sequence[str], audit: FileAudit) -> None:
    for unit, fate in enumerate(fates):
        if stream.shape[unit] in LINE_BREAKS:
            audit.units["line break"] += 1
            continue
        fate = fate or "lost"
        audit.units[fate] += 1
        reason = None
        if fate in ("lost", "twice"):
            start = max(0, unit - 5)
            around = " ".join(stream.printed[start : unit + 6])
            reason = f"{fate}: {stream.printed[unit]} in {around}"
        audit.check(COVERAGE, reason, stream.start[unit])
