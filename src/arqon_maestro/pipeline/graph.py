"""The step that builds a graph folder of a lang folder, an n-gram model and an acoustic model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from arqon_maestro.artifacts import require_own_folder
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.graph.acoustic_model import (
    MODEL_FILE,
    PHONES_FILE,
    TREE_FILE,
    read_graph_model,
)
from arqon_maestro.speech_engine.graph.compilation import GraphSettings, compile_graph
from arqon_maestro.speech_engine.graph.lang import read_lang
from arqon_maestro.steps import MANIFEST, Outcome, Runner, Step, Work

STEP_VERSION = 1
#: What lies in a graph folder.
GRAPH_NAMES = (
    "HCLG.fst",
    "words.txt",
    "phones.txt",
    "phones",
    "num_pdfs",
    "nonterm_phones_offset.int",
    MANIFEST,
)


def build_graph(
    lang: Path,
    model: Path,
    acoustic_model: Path,
    output: Path,
    settings: GraphSettings | None = None,
    *,
    reporter: Reporter = SILENT,
    force: bool = False,
) -> Outcome:
    """Brings a graph folder up to date.

    Args:
        lang: a lang folder, ours or Kaldi's.
        model: ARPA file, plain or ``.gz``.
        acoustic_model: folder with ``tree``, ``final.mdl`` and ``phones.txt``.
        output: the graph folder.
        settings: how it is built.
        reporter: where progress is shown.
        force: build even if it is up to date.

    Raises:
        UsageError: the graph folder holds other things.
        MissingPartError: an input is missing.
        DataError: an input is damaged, or does not fit the others.
        WorkFailedError: native code died, with the part it died in.
    """
    require_own_folder(output, GRAPH_NAMES)
    return Runner(output.absolute().parent, reporter, force=force).run(
        graph_step(lang, model, acoustic_model, output.absolute(), settings or GraphSettings())
    )


def graph_step(
    lang: Path, model: Path, acoustic_model: Path, output: Path, settings: GraphSettings
) -> Step:
    """Returns the step that makes a graph folder (see `build_graph`)."""

    def action(work: Work) -> None:
        facts = compile_graph(
            read_lang(lang),
            model,
            read_graph_model(acoustic_model),
            work.output("graph"),
            settings,
            scratch=work.scratch,
            reporter=work.reporter,
        )
        work.notes.update(facts)

    inputs = {"lang": lang, "language-model": model}
    for name in (TREE_FILE, MODEL_FILE, PHONES_FILE):
        if (acoustic_model / name).exists() or name != PHONES_FILE:
            inputs[name] = acoustic_model / name
    return Step(
        name=f"graph/{output.name}",
        version=STEP_VERSION,
        action=action,
        inputs=inputs,
        outputs={"graph": output},
        manifest=output / MANIFEST,
        configuration=asdict(settings),
        libraries=("kaldifst",),
        resumable=True,
    )
