"""Scores by group: containers, kinds of snippets, rules of commands, languages; and unknowns."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from arqon_maestro.corpusgen.unknowns import MAX_UNKNOWNS, DropReason, UnknownReplacer
from arqon_maestro.evaluation.cases import COMMAND, Case
from arqon_maestro.evaluation.metrics import Rate, wilson

#: Lengths of what is said, in words: the least of each group.
LENGTHS = (1, 3, 6, 10, 20)


def length_group(words: Sequence[str]) -> str:
    """Returns the group of a length: ``1–2 words``, ``20+ words``."""
    least = max(length for length in LENGTHS if length <= max(1, len(words)))
    longer = [length for length in LENGTHS if length > least]
    return f"{least}–{longer[0] - 1} words" if longer else f"{least}+ words"


def least_words(group: str) -> int:
    """Returns the least length of a group of lengths, to sort by; 0 for other groups."""
    digits = re.match(r"\d+", group)
    return int(digits[0]) if digits else 0


def kind_group(case: Case) -> str:
    """Returns the kind of a line: insert or add; of a command, its length."""
    return length_group(case.words) if case.kind == COMMAND else case.kind


#: Name → the groups that a line counts in.
GROUPS: Mapping[str, Callable[[Case], Iterable[str]]] = {
    "container": lambda case: [case.container] if case.container else [],
    "snippet": lambda case: [case.snippet] if case.snippet else [],
    "rule": lambda case: case.rules,
    "length": lambda case: [length_group(case.words)],
    "language": lambda case: [case.language],
}


def grouped(
    cases: Sequence[Case], hits: Sequence[bool], group: Callable[[Case], Iterable[str]]
) -> dict[str, Rate]:
    """Returns the share of hits of each group: lengths in order, others the largest first."""
    verdicts: dict[str, list[bool]] = defaultdict(list)
    for case, hit in zip(cases, hits, strict=True):
        for name in group(case):
            verdicts[name].append(hit)
    return {
        name: wilson(sum(found), len(found))
        for name, found in sorted(
            verdicts.items(),
            key=lambda item: (least_words(item[0]), -len(item[1]), item[0]),
        )
    }


def all_groups(cases: Sequence[Case], hits: Sequence[bool]) -> dict[str, dict[str, Any]]:
    """Returns `grouped` by everything that parts the cases, as JSON."""
    found = {}
    for name, group in GROUPS.items():
        rates = grouped(cases, hits, group)
        if rates and (len(rates) > 1 or name != "language"):
            found[name] = {key: rate.to_json() for key, rate in rates.items()}
    return found


def unknown_shares(pairs: Sequence[tuple[str, str]], lexicon: Collection[str]) -> dict[str, Any]:
    """Returns how much of some lines a lexicon does not hold, as rates in JSON.

    Returns:
        ``tokens``: source tokens that travel as placeholders; ``lines``: lines with one;
        ``too_many``: lines with more than 20 distinct ones, which the model cannot be given;
        ``unreachable``: lines whose target has a token that is neither in the lexicon nor in the
        source, so that no output of the model can be right.
    """
    replacer, known = UnknownReplacer(lexicon), set(lexicon)
    tokens = unknown = lines = too_many = unreachable = 0
    for source, target in pairs:
        words = source.split()
        tokens += len(words)
        missing = sum(word not in known for word in words)
        unknown += missing
        lines += missing > 0
        outcome = replacer.encode_pair(source, target)
        too_many += outcome is DropReason.TOO_MANY_UNKNOWNS
        unreachable += outcome is DropReason.TARGET_UNKNOWN
    return {
        "tokens": wilson(unknown, tokens).to_json() if tokens else None,
        "lines": wilson(lines, len(pairs)).to_json(),
        "too_many": wilson(too_many, len(pairs)).to_json(),
        "unreachable": wilson(unreachable, len(pairs)).to_json(),
        "most_in_a_line": MAX_UNKNOWNS,
    }
