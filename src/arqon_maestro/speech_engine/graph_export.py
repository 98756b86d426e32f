"""Writes a speech engine with a decoding graph: as the runtime loads it, or as vosk does."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from arqon_maestro.artifacts import atomic_folder
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.acoustic.kaldi_bundle import (
    CONFIGURATION_FOLDER,
    IVECTOR_FOLDER,
    SUBSAMPLING_FILE,
    KaldiBundle,
    read_kaldi_bundle,
)
from arqon_maestro.speech_engine.acoustic.mfcc import default_options, write_mfcc_options
from arqon_maestro.speech_engine.decoder.engine import G2P_FILE, OFFSET_FILE
from arqon_maestro.speech_engine.decoder.search import BeamSettings
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst
from arqon_maestro.speech_engine.graph.fst_file import read_fst, write_fst
from arqon_maestro.speech_engine.graph.grammar_fst import grammar_fst
from arqon_maestro.speech_engine.graph.grammar_preparation import SPECIAL_COST
from arqon_maestro.speech_engine.graph.hmm import NONTERMINAL_LABELS
from arqon_maestro.speech_engine.graph.lang import Lang, read_lang
from arqon_maestro.speech_engine.ngram import NgramModel
from arqon_maestro.speech_engine.ngram.const_arpa import write_const_arpa

#: What lies in a folder for vosk.
VOSK_NAMES = ("am", "conf", "graph", "ivector", "rescore")
_MODEL_FILES = ("final.mdl", "tree")
_LAST_WORDS = ("#nonterm_begin", "#nonterm_end", "#nonterm:hint")
#: vosk looks for these beside the extractor.
WORD_BOUNDARY_FILE = "phones/word_boundary.int"
_VOSK_IVECTOR_OPTIONS = ("splice.conf", "online_cmvn.conf")
#: vosk decides by these phones whether somebody has stopped speaking.
_ENDPOINT_OPTION = "--endpoint.silence-phones"


@dataclass(frozen=True)
class EngineParts:
    """What a speech engine with a decoding graph is made of.

    Attributes:
        acoustic_model: a Kaldi model's folder; without ``conf`` its features are the runtime's.
        lang: lang folder that the graph was built with.
        graph: graph folder.
        lexicon: ``lexicon.txt`` in the model's phones, hints are looked up in.
        search: ARPA that the graph was built of.
        rescoring: ARPA that transcripts are ranked with.
        g2p: model that guesses pronunciations of hints; None for none.
    """

    acoustic_model: Path
    lang: Path
    graph: Path
    lexicon: Path
    search: Path
    rescoring: Path
    g2p: Path | None = None


def export_graph_engine(parts: EngineParts, destination: Path) -> None:
    """Writes the folder of spec 7.6, with the configuration of the features; whole or not at all.

    Args:
        parts: what it is made of; see `EngineParts`.
        destination: what is there is replaced.

    Raises:
        MissingPartError: a part is missing.
        DataError: parts that don't belong together, or that the runtime could not load.
    """
    lang, acoustic = _checked(parts)
    if lang.nonterminal_offset is None:
        raise DataError(
            "a lang folder without a place for hints",
            where=parts.lang,
            why="the runtime wants #nonterm:hint as the last word",
            remedy="maestro graph lang --hints",
        )
    by_number = sorted(lang.words, key=lang.words.__getitem__)
    if tuple(by_number[-3:]) != _LAST_WORDS or lang.words[by_number[-1]] != len(by_number) - 1:
        raise DataError(
            f"words that end with {', '.join(by_number[-3:])}",
            where=parts.lang / "words.txt",
            why=f"the runtime wants {', '.join(_LAST_WORDS)} there",
        )
    with atomic_folder(destination) as folder:
        for name in _MODEL_FILES:
            _copy(parts.acoustic_model / name, folder / name)
        for name in (CONFIGURATION_FOLDER, IVECTOR_FOLDER):
            if (parts.acoustic_model / name).is_dir():
                shutil.copytree(parts.acoustic_model / name, folder / name)
        _write_features(acoustic, folder / CONFIGURATION_FOLDER)
        (folder / SUBSAMPLING_FILE).write_text(f"{acoustic.subsampling}\n", encoding="utf-8")
        (folder / OFFSET_FILE).write_text(f"{lang.nonterminal_offset}\n", encoding="utf-8")
        for name in ("HCLG.fst", "words.txt", "phones/disambig.int"):
            _copy(parts.graph / name, folder / "graph" / name)
        for name in ("phones.txt", "phones/left_context_phones.int"):
            _copy(parts.lang / name, folder / "lang" / name)
        _copy(parts.lexicon, folder / "lang" / "lexicon.txt")
        _pack(parts.search, lang, folder / "lang" / "const_arpa")
        _pack(parts.rescoring, lang, folder / "lang" / "final_const_arpa")
        if parts.g2p is not None:
            _copy(parts.g2p, folder / G2P_FILE)


def export_vosk(
    parts: EngineParts, destination: Path, settings: BeamSettings | None = None
) -> None:
    """Writes a folder that vosk loads; whole or not at all. Hints are not for vosk.

    Args:
        parts: what it is made of; see `EngineParts`.
        destination: what is there is replaced.
        settings: limits of vosk's search.

    Raises:
        MissingPartError: a part is missing.
        DataError: parts that don't belong together.
    """
    lang, acoustic = _checked(parts)
    with atomic_folder(destination) as folder:
        (folder / "am").mkdir()
        _copy(parts.acoustic_model / "final.mdl", folder / "am" / "final.mdl")
        if (parts.acoustic_model / IVECTOR_FOLDER).is_dir():
            shutil.copytree(parts.acoustic_model / IVECTOR_FOLDER, folder / "ivector")
            for name in _VOSK_IVECTOR_OPTIONS:
                options_file = parts.acoustic_model / CONFIGURATION_FOLDER / name
                if options_file.is_file():
                    shutil.copyfile(options_file, folder / "ivector" / name)
        _write_features(acoustic, folder / "conf")
        options = _vosk_options(parts.lang, settings or BeamSettings(), acoustic.subsampling)
        (folder / "conf" / "model.conf").write_text(options, encoding="utf-8")
        (folder / "graph").mkdir()
        graph = without_nonterminals(read_fst(parts.graph / "HCLG.fst"))
        write_fst(folder / "graph" / "HCLG.fst", graph, kind="const")
        _copy(parts.lang / "words.txt", folder / "graph" / "words.txt")
        # Phones that don't tell their place in the word have no such file; vosk does without it.
        if (parts.lang / WORD_BOUNDARY_FILE).is_file():
            _copy(parts.lang / WORD_BOUNDARY_FILE, folder / "graph" / WORD_BOUNDARY_FILE)
        _write_rescoring(parts, lang, folder / "rescore")


def without_nonterminals(graph: Fst) -> Fst:
    """Returns a graph without the arcs that lead into another, and what they led to."""
    finals = np.where(graph.finals == SPECIAL_COST, NOT_FINAL, graph.finals).astype(np.float32)
    kept = replace(graph, finals=finals).kept_arcs(graph.ilabels < NONTERMINAL_LABELS)
    return kept.connected()


def _checked(parts: EngineParts) -> tuple[Lang, KaldiBundle]:
    for path in (parts.lexicon, parts.search, parts.rescoring):
        if not path.is_file():
            raise MissingPartError("no such file", where=path)
    lang = read_lang(parts.lang)
    if (parts.graph / "words.txt").read_bytes() != (parts.lang / "words.txt").read_bytes():
        raise DataError(
            "a graph of another lang folder",
            where=parts.graph,
            why=f"its words are not those of {parts.lang}",
            remedy="maestro graph build",
        )
    return lang, read_kaldi_bundle(parts.acoustic_model, default_options())


def _write_rescoring(parts: EngineParts, lang: Lang, folder: Path) -> None:
    """Writes what vosk takes off the graph's costs, and what it adds."""
    folder.mkdir()
    grammar = grammar_fst(
        NgramModel.read(parts.search), lang.words, disambiguation=lang.word_disambiguation
    )
    write_fst(folder / "G.fst", grammar.fst)
    _pack(parts.rescoring, lang, folder / "G.carpa")


def _pack(model: Path, lang: Lang, output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    write_const_arpa(NgramModel.read(model), lang.words, output)


def _write_features(acoustic: KaldiBundle, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    write_mfcc_options(folder / "mfcc.conf", acoustic.mfcc)


def _vosk_options(lang: Path, settings: BeamSettings, subsampling: int) -> str:
    silence = (lang / "phones" / "silence.csl").read_text(encoding="utf-8").strip()
    options = {
        "--min-active": settings.least_active,
        "--max-active": settings.most_active,
        "--beam": settings.beam,
        "--lattice-beam": settings.lattice_beam,
        "--acoustic-scale": settings.acoustic_scale,
        "--frame-subsampling-factor": subsampling,
        _ENDPOINT_OPTION: silence,
    }
    return "".join(f"{name}={value}\n" for name, value in options.items())


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise MissingPartError("no such file", where=source)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
