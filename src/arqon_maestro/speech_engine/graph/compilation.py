"""Compiles HCLG part by part, as Kaldi's ``mkgraph.sh`` does.

Each part is a file in a scratch folder, so that an interrupted build goes on at the part it was
at.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from arqon_maestro.artifacts import read_json, write_json
from arqon_maestro.errors import DataError
from arqon_maestro.executors.apart import run_apart
from arqon_maestro.progress import SILENT, Reporter, Task
from arqon_maestro.speech_engine.graph.acoustic_model import (
    GraphModel,
    check_lang,
)
from arqon_maestro.speech_engine.graph.composition import composed
from arqon_maestro.speech_engine.graph.context import (
    Symbols,
    Window,
    left_biphones,
    monophones,
)
from arqon_maestro.speech_engine.graph.epsilon_removal import without_local_epsilons
from arqon_maestro.speech_engine.graph.fst import Fst
from arqon_maestro.speech_engine.graph.fst_file import read_fst, write_fst
from arqon_maestro.speech_engine.graph.grammar_preparation import prepared_for_grammar
from arqon_maestro.speech_engine.graph.hmm import expanded, h_transducer, is_deterministic
from arqon_maestro.speech_engine.graph.lang import Lang
from arqon_maestro.speech_engine.graph.minimization import minimized
from arqon_maestro.speech_engine.graph.native import run_native
from arqon_maestro.speech_engine.graph.self_loops import with_self_loops
from arqon_maestro.speech_engine.graph.tails import Folding, folded, unfolded
from arqon_maestro.speech_engine.graph.weight_pushing import pushed

GRAPH_FILE = "HCLG.fst"
OFFSET_FILE = "nonterm_phones_offset.int"
#: Costs that differ by less count as the same where states are merged. Kaldi has 1/1024; the
#: errors of a sentence's arcs add up, and then two graphs of one model differ by more than that.
MERGING_TOLERANCE = 2.0**-16
_PARTS = ("G", "LG", "CLG", "HCLG", "self-loops")


@dataclass(frozen=True)
class GraphSettings:
    """How a graph is built.

    Attributes:
        transition_scale: of the costs of transitions between HMM states.
        self_loop_scale: of the costs of staying in one and of leaving it; 1.0 for chain models,
            0.1 for others.
        const: write OpenFst's ``const`` type, which loads faster, rather than ``vector``.
    """

    transition_scale: float = 1.0
    self_loop_scale: float = 1.0
    const: bool = True


def compile_graph(
    lang: Lang,
    model: Path,
    acoustic_model: GraphModel,
    output: Path,
    settings: GraphSettings,
    *,
    scratch: Path,
    reporter: Reporter = SILENT,
) -> dict[str, Any]:
    """Builds a graph folder; returns facts about it.

    Args:
        lang: words, phones, L.
        model: ARPA file, plain or ``.gz``.
        acoustic_model: tree and transition model.
        output: the folder to write.
        settings: how it is built.
        scratch: parts that are there already are not built again.
        reporter: where progress is shown.

    Raises:
        DataError: see `build_graph`.
        WorkFailedError: see `build_graph`.
    """
    check_lang(lang, acoustic_model)
    _check_context(lang, acoustic_model)
    build = _Build(lang, acoustic_model, settings, scratch)
    with reporter.task("graph", total=len(_PARTS), unit="parts") as task:
        build.part(task, "G", lambda path: build.grammar(model, path))
        build.part(task, "LG", build.lexicon_grammar)
        build.part(task, "CLG", build.context)
        build.part(task, "HCLG", build.hmms)
        build.finish(output)
        task.advance(note=_PARTS[-1])
    missing = build.facts["G"]["missing words"]
    if missing:
        reporter.say(
            f"warning: {missing} words of {model.name} are not in {lang.folder / 'words.txt'}; "
            f"{build.facts['G']['left out']} n-grams were left out"
        )
    return build.facts


def _check_context(lang: Lang, model: GraphModel) -> None:
    tree = model.tree
    if lang.nonterminal_offset is not None and (tree.width > 2 or tree.central != tree.width - 1):
        raise DataError(
            f"nonterminals, and a model with a context of {tree.width} phones",
            where=model.folder,
            why="graphs can be joined where only the phone before matters (left biphones)",
            remedy="make the lang folder without nonterminals: maestro graph lang --no-hints",
        )


class _Build:
    """The parts, each a file."""

    def __init__(
        self, lang: Lang, model: GraphModel, settings: GraphSettings, scratch: Path
    ) -> None:
        self.lang = lang
        self.model = model
        self.settings = settings
        self.scratch = scratch
        self.symbols = Symbols(lang.disambiguation, lang.nonterminal_offset)
        self.facts: dict[str, Any] = {}

    def path(self, part: str) -> Path:
        return self.scratch / f"{part}.fst"

    def part(self, task: Task, name: str, make: Callable[[Path], dict[str, Any]]) -> None:
        """Makes a part, unless it is there; its facts are written last."""
        record = self.scratch / f"{name}.json"
        if record.is_file():
            self.facts[name] = read_json(record)
        else:
            self.facts[name] = make(self.path(name))
            write_json(record, self.facts[name])
        task.advance(note=name)

    def _native(self, name: str, operation: str, inputs: list[Path], **options: Any) -> Any:
        return run_native(name, operation, inputs, self.path(name), **options)

    def grammar(self, model: Path, path: Path) -> dict[str, Any]:
        return run_apart("G", partial(_write_grammar, self.lang, model, path))

    def lexicon_grammar(self, path: Path) -> dict[str, Any]:
        compose = partial(_write_composed, self.lang.lexicon_fst, self.path("G"), path)
        states, folding = run_apart("LG", compose)
        self._native("LG", "determinize", [path], delta=MERGING_TOLERANCE)
        graph = unfolded(read_fst(path), folding)
        graph = minimized(graph, MERGING_TOLERANCE)
        graph = pushed(graph)
        write_fst(path, graph, kind="const" if self._has_left_context else "vector")
        return {"composed": states, **_size(graph)}

    @property
    def _has_left_context(self) -> bool:
        """Whether at most the phone before matters, so that the wheel is not needed for C."""
        tree = self.model.tree
        return tree.central == tree.width - 1 and tree.width <= 2

    def context(self, path: Path) -> dict[str, Any]:
        tree = self.model.tree
        if self._has_left_context:
            compose = left_biphones if tree.width == 2 else monophones
            found = compose(read_fst(self.path("LG")), self.symbols)
            write_fst(path, found.fst, kind="const")
            self._write_windows(found.windows)
            return _size(found.fst)
        facts = self._native(
            "CLG",
            "compose-context",
            [self.path("LG")],
            disambiguation=list(self.lang.disambiguation),
            width=tree.width,
            central=tree.central,
        )
        self._write_windows([tuple(window) for window in facts.pop("windows")])
        return dict(facts)

    def _write_windows(self, windows: list[Window]) -> None:
        write_json(self.scratch / "windows.json", windows)

    def hmms(self, path: Path) -> dict[str, Any]:
        windows = [tuple(window) for window in read_json(self.scratch / "windows.json")]
        transducer = h_transducer(
            windows,
            self.model.tree,
            self.model.transitions,
            transition_scale=self.settings.transition_scale,
            nonterminal_offset=self.lang.nonterminal_offset,
        )
        graph = expanded(read_fst(self.path("CLG")), transducer)
        # Where each label's HMM begins with transitions of its own, CLG's order is kept.
        if not is_deterministic(graph):
            write_fst(path, graph)
            del graph
            self._native("HCLG", "determinize", [path], delta=MERGING_TOLERANCE)
            graph = read_fst(path)
        silent = np.isin(graph.ilabels, transducer.disambiguation)
        graph = replace(graph, ilabels=np.where(silent, 0, graph.ilabels).astype(np.int32))
        graph = minimized(without_local_epsilons(graph), MERGING_TOLERANCE)
        write_fst(path, graph, kind="const")
        return {**_size(graph), "windows": len(windows), "hmms": len(transducer.hmms)}

    def finish(self, output: Path) -> None:
        """Adds self-loops, and writes the folder."""
        graph = with_self_loops(
            read_fst(self.path("HCLG")),
            self.model.transitions,
            scale=self.settings.self_loop_scale,
        )
        if self.lang.nonterminal_offset is not None:
            graph = prepared_for_grammar(graph, self.lang.nonterminal_offset)
        shutil.rmtree(output, ignore_errors=True)
        (output / "phones").mkdir(parents=True)
        kind = "const" if self.settings.const else "vector"
        write_fst(output / GRAPH_FILE, graph, kind=kind)
        self._copy_tables(output)
        self.facts["HCLG.fst"] = _size(graph)
        self.facts["vocabulary"] = len(self.lang.words)

    def _copy_tables(self, output: Path) -> None:
        for name in ("words.txt", "phones.txt", "phones/disambig.int"):
            shutil.copyfile(self.lang.folder / name, output / name)
        kept = ("disambig.txt", "silence.csl", "left_context_phones.int")
        for pattern in ("word_boundary.*", "align_lexicon.*", *kept):
            for path in sorted((self.lang.folder / "phones").glob(pattern)):
                shutil.copyfile(path, output / "phones" / path.name)
        if self.lang.nonterminal_offset is not None:
            (output / OFFSET_FILE).write_text(f"{self.lang.nonterminal_offset}\n")
        (output / "num_pdfs").write_text(f"{self.model.transitions.num_pdfs}\n")


def _write_grammar(lang: Lang, model: Path, path: Path) -> dict[str, Any]:
    # What reads n-grams takes libraries with it that the other parts do without.
    from arqon_maestro.speech_engine.graph.grammar_fst import grammar_fst
    from arqon_maestro.speech_engine.ngram.model import NgramModel

    ngrams = NgramModel.read(model)
    grammar = grammar_fst(
        ngrams,
        lang.words,
        disambiguation=lang.word_disambiguation,
        silent_words=lang.nonterminal_words,
    )
    if not grammar.fst.num_states:
        raise DataError("a language model that accepts no sentence", where=model)
    write_fst(path, grammar.fst, kind="const")
    return {
        **_size(grammar.fst),
        "order": ngrams.order,
        "n-grams": list(ngrams.sizes),
        "left out": grammar.left_out,
        "missing words": len(grammar.missing_words),
    }


def _write_composed(lexicon_path: Path, grammar: Path, path: Path) -> tuple[int, Folding]:
    """Writes L∘G without the tails of words; returns its states with them, and the tails."""
    lexicon = read_fst(lexicon_path)
    whole = composed(lexicon, read_fst(grammar))
    if not whole.fst.num_states:
        raise DataError(
            "no sentence of the language model has words of the lexicon",
            where=lexicon_path,
            why="L_disambig.fst and words.txt belong to different lang folders",
        )
    graph, folding = folded(whole, lexicon)
    write_fst(path, graph)
    return whole.fst.num_states, folding


def _size(graph: Fst) -> dict[str, Any]:
    return {"states": graph.num_states, "arcs": graph.num_arcs}
