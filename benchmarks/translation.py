"""How long one command takes: translation alone, and the whole way from a transcript to code.

    .venv/bin/python benchmarks/translation.py MODELS FILE --language python

MODELS has `<model>/<language>/` folders as `maestro code-engine export` packs them, such as the
library's `models/code-engine/export`. The commands say pieces of FILE at their own places in it.
One core, one line at a time, the models' own beams, in wall-clock and processor milliseconds:
on a busy machine only the latter say much. Marian translates the same lines in the same run, in the
Python that --marian-python or the environment's ARQON_MAESTRO_MARIAN_PYTHON names.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from arqon_maestro import languages
from arqon_maestro.code_engine.engine import load_engine
from arqon_maestro.code_engine.parsing import GrammarParser
from arqon_maestro.code_engine.translator import Rescorer, Translator
from arqon_maestro.corpusgen import Mapping, generate_mappings
from arqon_maestro.corpusgen.context import auto_style_source
from arqon_maestro.corpusgen.normalise import normalise
from arqon_maestro.runtime.document import Document
from arqon_maestro.runtime.edit import Editor
from arqon_maestro.runtime.interpreter import Interpreter
from arqon_maestro.runtime.style import Styler
from arqon_maestro.runtime.transcripts import typed
from marian_agreement import Encoder, MarianPeer, marian_python

WARM_UP = 5
T = TypeVar("T")


@dataclass(frozen=True)
class Times:
    """Milliseconds of every item."""

    wall_ms: list[float]
    processor_ms: list[float]

    def row(self, name: str) -> str:
        """Returns a line of the table."""
        cells = [name.ljust(44)]
        for durations in (self.wall_ms, self.processor_ms):
            cells += [f"{np.percentile(durations, share):8.1f}" for share in (50, 90, 99)]
        return "".join(cells)


def measure(items: Sequence[T], work: Callable[[T], object]) -> Times:
    """Times `work` on every item, after a few that do not count."""
    for item in items[:WARM_UP]:
        work(item)
    wall_ms, processor_ms = [], []
    for item in items:
        started, used = time.perf_counter(), time.process_time()
        work(item)
        wall_ms.append(1000 * (time.perf_counter() - started))
        processor_ms.append(1000 * (time.process_time() - used))
    return Times(wall_ms, processor_ms)


def commands(source: str, language: str, number: int) -> list[tuple[Mapping, str]]:
    """Returns pieces of a file and the transcripts that say them, spread over the file."""
    mappings = [one for one in generate_mappings(source, language, seed=1) if one.words]
    chosen = random.Random(1).sample(mappings, min(number, len(mappings)))
    return [(one, " ".join([one.kind, *one.words])) for one in chosen]


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", type=Path, help="folder of <model>/<language>/")
    parser.add_argument("file", type=Path, help="a source file")
    parser.add_argument("--language", default="python")
    parser.add_argument("--lines", type=int, default=200, help="commands to time")
    parser.add_argument("--marian-python", help="a Python that has pymarian")
    arguments = parser.parse_args()
    source = normalise(arguments.file.read_text(encoding="utf-8", errors="replace"))
    spoken = commands(source, arguments.language, arguments.lines)
    folder = arguments.models / "auto-style" / arguments.language
    lines = [auto_style_source(source, one.start, one.words, one.container) for one, _ in spoken]
    translator = Translator(folder)
    ours = measure(lines, lambda line: translator.translate([line], n_best=2))
    print(f"{len(lines)} commands{'':34}wall ms: p50     p90     p99  processor: p50 p90 p99")
    print(ours.row("auto-style, best two of a line"))
    python = marian_python(arguments.marian_python)
    if python is None:
        print("Marian is not installed: pip install -e '.[marian]'")
    else:
        encoder = Encoder(load_engine(folder), folder)
        encoded = [pair for pair in (encoder.line(line, "") for line in lines) if pair]
        marian = MarianPeer(folder.resolve(), python)
        _, wall_ms = marian.translate([pair.source_ids for pair in encoded])
        theirs = Times(wall_ms[WARM_UP:], wall_ms[WARM_UP:])
        print(theirs.row("Marian, the same (wall-clock only)"))
        ratio = np.median(theirs.wall_ms) / np.median(ours.wall_ms)
        print(f"ours takes {1 / ratio:.2f} of Marian's median: {ratio:.1f} times as fast")
    grammar = GrammarParser(arguments.models / "transcript-parser" / "default")
    print(
        measure([said for _, said in spoken], lambda said: grammar.translate([said], 3)).row(
            "transcript parser held to the grammar, three"
        )
    )
    contextual = arguments.models / "contextual-language-model" / arguments.language
    rescorer = Rescorer(contextual) if contextual.is_dir() else None
    editor = Editor(languages.get(arguments.language), Styler(translator, rescorer))
    interpreter = Interpreter(grammar, editor)
    whole = measure(
        spoken,
        lambda pair: interpreter.interpret(Document(source, pair[0].start), typed([pair[1]])),
    )
    print(whole.row("the whole way, transcript to code"))


if __name__ == "__main__":
    main()
