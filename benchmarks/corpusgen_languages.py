"""Writes docs/reference/corpusgen-languages.md from reports of ``maestro corpusgen audit --json``.

Usage: ``python benchmarks/corpusgen_languages.py REPORT.json... > docs/reference/…``
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
_EXAMPLES = 2
_LONGEST = 90
_FILTER = "file: "

_HEAD = """\
# CorpusGen, language by language

What the audit of real files found: `maestro corpusgen audit` makes all mappings of every file
that the filter takes, and checks each one.

- *insert*: the decoded target is the source between start and stop, and behind it only closers of
  brackets that opened in it and closed early. Every unit of a file but its line breaks is in
  exactly one mapping. Left out for good are a last `;` or blank of a line (9 in 10 times), and
  units of which nothing is said (a lone silent `_`). Where a syntax node is said inside an insert,
  the target is the source without the parts that are queued for later, and with the placeholders of
  its language.
- *add*: one caret (none only for a bare element), a known container, known tokens; and, decoded
  with the file's indentation and put back in place of the node, the file has no more syntax errors
  (outermost ERROR nodes and missing tokens) than before.
- words and contexts: lower-case words; leading tokens are those before the mapping; alpha entries
  stand before them, in 50 units at most.

To make this page again:

```
maestro repositories fetch --limit 20M
# unpack files of the shards, of every repository in turn, into FILES/<language>/
maestro corpusgen audit --language rust --json FILES/rust > reports/rust.json      # and so on
python benchmarks/corpusgen_languages.py reports/*.json > docs/reference/corpusgen-languages.md
```

`tried` are the files read, `taken` those that the filter takes, `clean` those of them without a
syntax error; `errors` is the share of all characters read that lie in syntax errors. KB are
thousands of characters of the files taken.

| language | tried | taken | clean | errors | KB | insert/KB | add/KB | cut short | kinds |\
 checks | failed |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""

_REJECTS = """
*Cut short* is the share of add mappings that stop before the end of their node. Nodes that give no
mapping are counted by reason under each language: a line ends, or a snippet inside stops, where the
node is not whole (`cut short inside`); comments beside code (`no form of Comment`); bodies without
a block (`no form of If`); constructors (`silent kind`); nodes with syntax errors; words that nobody
would have said (`unspoken word`); line breaks that no token can express.
"""


def main(paths: Sequence[str]) -> None:
    reports = [json.loads(Path(path).read_text("utf-8")) for path in paths]
    for path, report in zip(paths, reports, strict=True):
        if report["schema_version"] != SCHEMA_VERSION:
            raise SystemExit(f"{path}: another schema version")
    reports.sort(key=lambda report: report["language"])
    print(_HEAD, end="")
    for report in reports:
        print(_row(report))
    print(_REJECTS)
    for report in reports:
        print(_section(report))


def _row(report: dict[str, Any]) -> str:
    files, mappings = report["files"], report["mappings"]
    made = sum(check["made"] for check in report["checks"].values())
    failed = sum(check["failed"] for check in report["checks"].values())
    clean, errors = files["without_syntax_errors"], files["error_share"]
    cut = mappings["add_cut_short"] / mappings["add"] if mappings["add"] else None
    cells = (
        report["language"],
        files["tried"],
        files["taken"],
        "-" if clean is None else clean,
        "-" if errors is None else f"{errors:.2%}",
        round(files["characters"] / 1000),
        mappings["insert_per_kb"],
        mappings["add_per_kb"],
        "-" if cut is None else f"{cut:.0%}",
        len(report["kinds"]),
        made,
        failed,
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def _section(report: dict[str, Any]) -> str:
    rejects = report["rejects"]
    lines = [f"## {report['language']}", ""]
    files = [
        f"{name.removeprefix(_FILTER)} {number}"
        for name, number in rejects.items()
        if name.startswith(_FILTER)
    ]
    nodes = [
        f"{name.removeprefix('node: ')} {number}"
        for name, number in rejects.items()
        if name.startswith("node: ")
    ]
    if files:
        lines += [f"Files left out: {'; '.join(files)}.", ""]
    if nodes:
        lines += [f"Nodes without a mapping: {'; '.join(nodes)}.", ""]
    kinds = ", ".join(f"{name} {number}" for name, number in report["kinds"].items())
    if not kinds:
        return "\n".join([*lines, "No syntax tree, so insert mappings only.", ""])
    lines += [f"Kinds: {kinds}.", "", "| kind | container | said | target |", "|---|---|---|---|"]
    for kind, examples in report["examples"].items():
        fitting = [example for example in examples if len(example["target"]) <= _LONGEST]
        for example in fitting[:_EXAMPLES]:
            target = example["target"].replace("|", "\\|")
            lines.append(f"| {kind} | {example['container']} | {example['words']} | `{target}` |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main(sys.argv[1:])
