"""Graphs with nonterminals: prepared as Kaldi prepares them, and joined by Kaldi with hints."""

from __future__ import annotations

import itertools
import math
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.pipeline.graph import build_graph
from arqon_maestro.speech_engine.graph.acoustic_model import read_graph_model
from arqon_maestro.speech_engine.graph.compilation import compile_graph
from arqon_maestro.speech_engine.graph.composition import composed
from arqon_maestro.speech_engine.graph.context import Symbols, left_biphones, monophones
from arqon_maestro.speech_engine.graph.epsilon_removal import without_local_epsilons
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst
from arqon_maestro.speech_engine.graph.fst_file import read_fst, write_fst
from arqon_maestro.speech_engine.graph.grammar_preparation import prepared_for_grammar
from arqon_maestro.speech_engine.graph.hmm import NONTERMINAL_LABELS, expanded, h_transducer
from arqon_maestro.speech_engine.graph.lexicon_fst import (
    Entry,
    Nonterminals,
    Silence,
    disambiguated,
    lexicon_fst,
)
from arqon_maestro.speech_engine.graph.native import run_native
from arqon_maestro.speech_engine.graph.self_loops import with_self_loops

from .conftest import HINT, KINDS, World, make_world, random_lexicon, sentences
from .enumeration import cost_in_graph, placed, without_staying
from .oracles import kaldi_flatten, kaldi_loops, kaldi_prepare

TOLERANCE = 1e-3
HINTS = {"goto": ("G", "OW", "T", "UW"), "tee": ("T", "IY"), "lad": ("L", "AE", "D"), "oh": ("OW",)}
FIRST_USER_NONTERMINAL = 4
Hints = dict[str, tuple[str, ...]]


def unprepared(world: World, scratch: Path) -> Fst:
    """The graph before the runtime's needs are seen to."""
    scratch.mkdir(exist_ok=True)
    compile_graph(
        world.lang,
        world.arpa,
        read_graph_model(world.folder / "model"),
        scratch / "graph",
        world.settings,
        scratch=scratch,
    )
    graph = read_fst(scratch / "HCLG.fst")
    return with_self_loops(graph, world.model, scale=world.settings.self_loop_scale)


def hint_graph(world: World, scratch: Path, hints: Hints) -> tuple[Fst, dict[str, int]]:
    """The graph of a few words, to be put where the hint is; and the numbers of these words."""
    lang = world.lang
    words = {word: len(lang.words) + i for i, word in enumerate(hints)}
    entries, _ = disambiguated([Entry(w, tuple(placed(p))) for w, p in hints.items()])
    left = (lang.folder / "phones" / "left_context_phones.txt").read_text().split()
    symbols = [name for name, i in lang.phones.items() if i in lang.disambiguation]
    silence = Silence("SIL", 0.5, symbols[-1])
    everything = {**lang.words, **words}
    lexicon = lexicon_fst(entries, lang.phones, everything, silence, Nonterminals([HINT], left))
    begin, end = everything["#nonterm_begin"], everything["#nonterm_end"]
    ids = list(words.values())
    grammar = Fst.of(
        0,
        np.array([NOT_FINAL, NOT_FINAL, NOT_FINAL, 0], np.float32),
        np.array([0, *(1 for _ in ids), 2]),
        np.array([begin, *ids, end]),
        np.array([0, *ids, 0]),
        np.array([0.0, *(math.log(len(ids)) for _ in ids), 0.0]),
        np.array([1, *(2 for _ in ids), 3]),
    )
    write_fst(scratch / "LG.fst", composed(lexicon, grammar).fst)
    run_native("LG", "determinize", [scratch / "LG.fst"], scratch / "LG.fst", delta=1e-5)
    offset = lang.nonterminal_offset
    assert offset is not None
    compose = left_biphones if world.tree.width == 2 else monophones
    context = compose(read_fst(scratch / "LG.fst"), Symbols(lang.disambiguation, offset))
    transducer = h_transducer(
        context.windows,
        world.tree,
        world.model,
        transition_scale=world.settings.transition_scale,
        nonterminal_offset=offset,
    )
    graph = expanded(context.fst, transducer)
    write_fst(scratch / "HCLG.fst", graph)
    run_native("HCLG", "determinize", [scratch / "HCLG.fst"], scratch / "HCLG.fst", delta=1e-5)
    graph = read_fst(scratch / "HCLG.fst")
    silent = np.isin(graph.ilabels, transducer.disambiguation)
    graph = replace(graph, ilabels=np.where(silent, 0, graph.ilabels).astype(np.int32))
    graph = without_local_epsilons(graph)
    graph = with_self_loops(graph, world.model, scale=world.settings.self_loop_scale)
    return prepared_for_grammar(graph, offset), words


def arcs(graph: Fst) -> list[list[tuple[int, int, int]]]:
    rows = zip(graph.ilabels.tolist(), graph.olabels.tolist(), graph.targets.tolist(), strict=True)
    flat = list(rows)
    return [flat[a:b] for a, b in itertools.pairwise(graph.offsets.tolist())]


def test_kaldi_prepares_the_same_graph(hinted: World, tmp_path: Path):
    graph = unprepared(hinted, tmp_path / "scratch")
    offset = hinted.lang.nonterminal_offset
    assert offset is not None
    write_fst(tmp_path / "before.fst", graph)
    kaldi_prepare(tmp_path / "before.fst", offset, tmp_path / "after.fst")
    theirs = read_fst(tmp_path / "after.fst")
    ours = prepared_for_grammar(graph, offset)
    assert ours.num_states > graph.num_states
    assert (ours.start, arcs(ours)) == (theirs.start, arcs(theirs))
    np.testing.assert_allclose(ours.weights, theirs.weights, atol=1e-5)
    np.testing.assert_array_equal(ours.finals, theirs.finals)
    with pytest.raises(DataError, match="prepared for nonterminals already"):
        prepared_for_grammar(ours, offset)


def test_graphs_of_hints_begin_with_the_phone_before(hinted: World, tmp_path: Path):
    graph, _ = hint_graph(hinted, tmp_path, HINTS)
    begins = graph.ilabels[graph.offsets[graph.start] : graph.offsets[graph.start + 1]]
    assert (begins >= NONTERMINAL_LABELS).all()


def count_checked_hints(
    world: World, folder: Path, hints: Hints, made: Sequence[Sequence[str]], chooser: random.Random
) -> int:
    """Checks costs in the graph that Kaldi joins; returns how many sentences had hints."""
    offset = world.lang.nonterminal_offset
    assert offset is not None
    graph, numbers = hint_graph(world, folder, hints)
    write_fst(folder / "hints.fst", graph, kind="const")
    write_fst(folder / "empty.fst", graph)
    kaldi_flatten(
        world.folder / "graph" / "HCLG.fst",
        offset,
        [(offset + FIRST_USER_NONTERMINAL, folder / "hints.fst")],
        folder / "empty.fst",
        folder / "flat.fst",
    )
    flat = without_staying(read_fst(folder / "flat.fst"), world.model)
    enumerator = replace(
        world.enumerator,
        pronunciations={**world.enumerator.pronunciations, **{w: [p] for w, p in hints.items()}},
        aliases=dict.fromkeys(hints, HINT),
    )
    ids = {**world.lang.words, **numbers}
    with_hints = 0
    for sentence in made:
        words = [chooser.choice(sorted(hints)) if word == HINT else word for word in sentence]
        phones, spoken_cost = chooser.choice(list(itertools.islice(enumerator.spoken(words), 400)))
        if not phones:
            continue
        transitions, hmm_cost = enumerator.transitions(phones, chooser)
        chosen = sum(word in hints for word in words) * math.log(len(hints))
        wanted = enumerator.language_cost(words) + spoken_cost + hmm_cost + chosen
        found = cost_in_graph(flat, [ids[word] for word in words], transitions)
        assert found == pytest.approx(wanted, abs=TOLERANCE), (words, phones)
        with_hints += any(word in hints for word in words)
    return with_hints


def test_sentences_with_hints_cost_what_they_should(hinted: World, tmp_path: Path):
    made = sentences(60, seed=31, hints=True)
    assert count_checked_hints(hinted, tmp_path, HINTS, made, random.Random(29)) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_sentences_with_hints_in_random_lexicons(seed: int, tmp_path: Path):
    chooser = random.Random(seed)
    known, phones = random_lexicon(chooser)
    kind = chooser.choice([kind for kind, (_, window, *_) in KINDS.items() if window[0] < 3])
    world = make_world(
        tmp_path / "world",
        kind,
        hints=True,
        order=chooser.randint(1, 4),
        known=known,
        text_sentences=chooser.choice((40, 400)),
    )
    hints = {f"hint{i}": tuple(chooser.choices(phones, k=1 + i % 3)) for i in range(6)}
    made = sentences(60, seed=seed, hints=True, known=known)
    sayable = [words for words in made if all((w,) in world.enumerator.ngrams for w in words)]
    assert count_checked_hints(world, tmp_path, hints, sayable, chooser) > 5


def test_the_hint_itself_is_never_put_out(hinted: World):
    said = set(np.unique(hinted.graph.olabels).tolist())
    assert hinted.lang.words[HINT] not in said
    assert (hinted.graph.ilabels >= NONTERMINAL_LABELS).any()


def test_labels_of_another_lang_folder_are_refused(hinted: World, tmp_path: Path):
    graph = unprepared(hinted, tmp_path / "scratch")
    offset = hinted.lang.nonterminal_offset
    assert offset is not None
    with pytest.raises(DataError, match="stands for no nonterminal"):
        prepared_for_grammar(graph, offset + 50)


def test_a_lang_folder_that_kaldi_made(hinted: World, tmp_path: Path):
    """Kaldi lets #0 pass at the start too, so that backing off at once is counted twice."""
    lang, folder = hinted.lang, tmp_path / "lang"
    shutil.copytree(lang.folder, folder)
    ours = read_fst(folder / "L_disambig.fst")
    symbol = lang.phones["#0"]
    write_fst(tmp_path / "bare.fst", ours.kept_arcs(ours.ilabels != symbol))
    kaldi_loops(tmp_path / "bare.fst", symbol, lang.word_disambiguation, folder / "L_disambig.fst")
    theirs = read_fst(folder / "L_disambig.fst")
    loops = theirs.sources[theirs.ilabels == symbol]
    assert theirs.start in loops
    assert ours.start not in ours.sources[ours.ilabels == symbol]
    for name in ("L.fst", "lexicon.txt", "topo", "oov.txt"):
        (folder / name).unlink()
    build_graph(folder, hinted.arpa, hinted.folder / "model", tmp_path / "graph", hinted.settings)
    graph = without_staying(read_fst(tmp_path / "graph" / "HCLG.fst"), hinted.model)
    changes = []
    for words in sentences(40, seed=37, hints=False):
        numbers = hinted.numbers(words)
        changes.append(cost_in_graph(graph, numbers) - cost_in_graph(hinted.paths, numbers))
        # Without a bigram, backing off is the only way; with one, it may be the cheaper way now.
        if words and ("<s>", words[0]) not in hinted.enumerator.ngrams:
            assert changes[-1] == pytest.approx(-math.log(2), abs=TOLERANCE), words
    assert min(changes) == pytest.approx(-math.log(2), abs=TOLERANCE)
    assert max(changes) == pytest.approx(0, abs=TOLERANCE)
