"""Small worlds: lexicon, language model, acoustic model, and the graph that is built of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from arqon_maestro.pipeline.graph import build_graph
from arqon_maestro.speech_engine.graph.compilation import GraphSettings
from arqon_maestro.speech_engine.graph.fst import Fst
from arqon_maestro.speech_engine.graph.fst_file import read_fst
from arqon_maestro.speech_engine.graph.lang import Lang, read_lang
from arqon_maestro.speech_engine.graph.lang_folder import LangSettings, write_lang
from arqon_maestro.speech_engine.graph.phone_table import PhoneTable
from arqon_maestro.speech_engine.kaldi.io import KaldiWriter
from arqon_maestro.speech_engine.kaldi.topology import (
    HmmTopology,
    chain_topology,
    left_to_right_topology,
)
from arqon_maestro.speech_engine.kaldi.transition_model import TransitionModel
from arqon_maestro.speech_engine.kaldi.tree import (
    PDF_CLASS_KEY,
    Constant,
    ContextDependency,
    EventMap,
    Split,
    table,
    untied_tree,
    write_tree,
)
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon, Pronunciation
from arqon_maestro.speech_engine.lexicon.sources import letters
from arqon_maestro.speech_engine.ngram import train

from .enumeration import Enumerator, arpa_tables, without_staying

# Homophones, words that begin others, a word of one phone, two ways to say one, letters.
LEXICON = """\
go G OW
goat G OW T
to T UW
two T UW
add AE D
add AH D
a AH
ad AE D
line L AY N
a(spell) EY
h(spell) EY CH
b(spell) B IY
"""
HINT = "#nonterm:hint"
SILENCE = ("SIL", "SPN")


def lexicon() -> Lexicon:
    rows = (line.split() for line in LEXICON.splitlines())
    return Lexicon.of(Pronunciation(word, tuple(phones), "test") for word, *phones in rows)


def random_lexicon(chooser: random.Random) -> tuple[Lexicon, list[str]]:
    """A lexicon of three phones and two letters, and its phones."""
    entries = [
        Pronunciation(f"w{number}", tuple(chooser.choices("TDK", k=chooser.randint(1, 4))), "test")
        for number in (chooser.randrange(25) for _ in range(40))
    ]
    spelled = [entry for entry in letters() if entry.word in ("a(spell)", "z(spell)")]
    known = Lexicon.of([*entries, *spelled]).without_stress()
    return known, sorted({phone for entry in known for phone in entry.phones})


def sentences(
    count: int, seed: int, *, hints: bool, known: Lexicon | None = None
) -> list[list[str]]:
    chooser = random.Random(seed)
    words = list((known or lexicon()).words())
    words += [HINT, HINT] if hints else []
    favourites = [chooser.sample(words, len(words)) for _ in range(4)]
    made = []
    for _ in range(count):
        order = chooser.choice(favourites)
        length = chooser.choice((0, 1, 2, 2, 3, 3, 4))
        begin = chooser.randrange(len(order))
        rotated = (order[begin:] + order[:begin])[:length]
        made.append(
            [w if chooser.random() < 0.7 else chooser.choice(words) for w in rotated[:length]]
        )
    return made


def asking_tree(topology: HmmTopology, width: int, central: int) -> ContextDependency:
    """A tree that asks for neighbours, with some pdfs in common."""
    phones = topology.phones
    count = 0

    def leaf() -> Constant:
        nonlocal count
        count += 1
        return Constant(count - 1)

    def questions(keys: Sequence[int], seed: int) -> EventMap:
        if not keys:
            return leaf()
        chooser = random.Random(seed)
        yes = frozenset(chooser.sample([0, *phones], len(phones) // 2))
        return Split(keys[0], yes, questions(keys[1:], seed + 1), leaf())

    others = [key for key in range(width) if key != central]
    by_phone = {}
    for phone in phones:
        classes = range(topology.pdf_classes(phone))
        by_phone[phone] = table(
            PDF_CLASS_KEY, {c: questions(others, 100 * phone + c) for c in classes}
        )
    return ContextDependency(width, central, table(central, by_phone))


def trained_transitions(tree: ContextDependency, topology: HmmTopology) -> TransitionModel:
    """A transition model with probabilities that differ from state to state."""
    model = TransitionModel.of(tree, topology)
    generator = np.random.default_rng(3)
    logs = model.log_probabilities.copy()
    for state in range(1, len(model.tuples) + 1):
        ids = np.arange(model.first_ids[state], model.first_ids[state + 1])
        logs[ids] = np.log(generator.dirichlet(np.full(ids.size, 4.0)))
    return replace(model, log_probabilities=logs)


def write_model(folder: Path, tree: ContextDependency, model: TransitionModel) -> None:
    folder.mkdir()
    write_tree(folder / "tree", tree)
    writer = KaldiWriter()
    model.write(writer)
    (folder / "final.mdl").write_bytes(bytes(writer))


@dataclass(frozen=True)
class World:
    """A graph and all that it was made of.

    Attributes:
        paths: the graph without the arcs that stay in an HMM state.
    """

    folder: Path
    lang: Lang
    arpa: Path
    tree: ContextDependency
    model: TransitionModel
    settings: GraphSettings
    graph: Fst
    paths: Fst
    enumerator: Enumerator

    def numbers(self, words: Sequence[str]) -> list[int]:
        return [self.lang.words[word] for word in words]


KINDS = {
    "chain": (chain_topology, (2, 1), 1.0, 1.0),
    "chain mono": (chain_topology, (1, 0), 1.0, 1.0),
    "chain untied biphone": (chain_topology, (2, 1), 0.7, 0.5),
    "hmm biphone": (left_to_right_topology, (2, 1), 1.0, 0.1),
    "hmm triphone": (left_to_right_topology, (3, 1), 0.8, 0.1),
}


def make_world(
    folder: Path,
    kind: str,
    *,
    hints: bool,
    order: int = 3,
    known: Lexicon | None = None,
    text_sentences: int = 300,
) -> World:
    folder.mkdir(exist_ok=True)
    make_topology, window, transition_scale, self_loop_scale = KINDS[kind]
    known = known or lexicon()
    spoken = sorted({phone for entry in known for phone in entry.phones})
    phones = PhoneTable.of(spoken, SILENCE, position_dependent=True)
    silent = [phones.ids[name] for name in phones.silence]
    others = [phones.ids[name] for name in phones.nonsilence]
    topology = (
        chain_topology(silent + others)
        if make_topology is chain_topology
        else left_to_right_topology(others, silent, silence_states=4)
    )
    if kind == "chain untied biphone":
        tree = untied_tree(topology, width=2, central=1)
    else:
        tree = asking_tree(topology, *window)
    model = trained_transitions(tree, topology)
    write_model(folder / "model", tree, model)
    names = "".join(f"{n} {i}\n" for n, i in {"<eps>": 0, **phones.ids}.items())
    (folder / "model" / "phones.txt").write_text(names + f"#0 {phones.first_disambiguation}\n")
    write_lang(folder / "lang", known, phones, LangSettings(nonterminals=(HINT,) if hints else ()))
    text = folder / "text.txt"
    made = sentences(text_sentences, seed=5, hints=hints, known=known)
    text.write_text("".join(" ".join(s) + "\n" for s in made))
    arpa = folder / "model.arpa"
    train(text, arpa, order=order, min_counts=[1, 2, 2, 2][:order])
    settings = GraphSettings(transition_scale, self_loop_scale, const=hints)
    build_graph(folder / "lang", arpa, folder / "model", folder / "graph", settings)
    pronunciations: dict[str, list[tuple[str, ...]]] = {}
    for entry in known:
        pronunciations.setdefault(entry.word, []).append(entry.phones)
    enumerator = Enumerator(
        pronunciations,
        arpa_tables(arpa),
        phones.ids,
        tree,
        model,
        transition_scale,
        self_loop_scale,
    )
    lang = read_lang(folder / "lang")
    graph = read_fst(folder / "graph" / "HCLG.fst")
    paths = without_staying(graph, model)
    return World(folder, lang, arpa, tree, model, settings, graph, paths, enumerator)


@pytest.fixture(scope="session", params=list(KINDS))
def plain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world without nonterminals, of each kind of acoustic model."""
    return make_world(tmp_path_factory.mktemp("plain"), request.param, hints=False)


@pytest.fixture(scope="session")
def hinted(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world with a place for hints."""
    return make_world(tmp_path_factory.mktemp("hinted"), "chain", hints=True)
