"""A speech engine as the runtime loads it (spec 7.6), in memory: audio and hints to transcripts."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

from threadpoolctl import ThreadpoolController

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.acoustic.kaldi_bundle import KaldiBundle, read_kaldi_bundle
from arqon_maestro.speech_engine.acoustic.mfcc import default_options
from arqon_maestro.speech_engine.acoustic.scorer import Scorer
from arqon_maestro.speech_engine.audio import Samples
from arqon_maestro.speech_engine.decoder.grammar import GrammarGraph, TopGraph
from arqon_maestro.speech_engine.decoder.graph import DecodingGraph, SearchGraph
from arqon_maestro.speech_engine.decoder.hints import HintCompiler, decoding_graph
from arqon_maestro.speech_engine.decoder.rescoring import PackedModel
from arqon_maestro.speech_engine.decoder.search import BeamSearch, BeamSettings
from arqon_maestro.speech_engine.decoder.words import word_lattice
from arqon_maestro.speech_engine.graph.fst_file import read_fst
from arqon_maestro.speech_engine.graph.phone_table import PhoneTable
from arqon_maestro.speech_engine.kaldi.symbol_table import read_symbols
from arqon_maestro.speech_engine.lattice import Node
from arqon_maestro.speech_engine.lexicon.formats import read_lexicon
from arqon_maestro.speech_engine.lexicon.g2p import G2pModel
from arqon_maestro.speech_engine.lexicon.pronunciations import SILENCE_PHONE, Lexicon
from arqon_maestro.speech_engine.lexicon.vocabulary import HINT
from arqon_maestro.speech_engine.nbest import Hypothesis, SearchSettings, n_best
from arqon_maestro.speech_engine.ngram.const_arpa_reader import read_const_arpa
from arqon_maestro.speech_engine.recognizer import SEQUENCES_PER_TRANSCRIPT

OFFSET_FILE = "nonterm_phones_offset.int"
FILES = (
    "final.mdl",
    "tree",
    OFFSET_FILE,
    "graph/HCLG.fst",
    "graph/words.txt",
    "lang/const_arpa",
    "lang/final_const_arpa",
    "lang/lexicon.txt",
    "lang/phones.txt",
    "lang/phones/left_context_phones.int",
)
G2P_FILE = "g2p/model.fst"
#: Lists of hints whose graphs are kept, as the runtime does.
_KEPT_HINTS = 20
#: The search has pruned the lattice, with the smaller model; this bounds what rescoring looks at.
_RESCORING = SearchSettings(acoustic_scale=1.0, silence_cost=0.0, noise_cost=0.0, beam=10.0)


@dataclass(frozen=True, eq=False)
class _Hints:
    """Hints that are compiled.

    Attributes:
        words: the hints that the graph can say, in the order of their numbers.
        graph: None without any.
    """

    words: tuple[str, ...]
    graph: DecodingGraph | None


class GraphEngine:
    """A speech engine with a Kaldi decoding graph, loaded.

    Args:
        folder: with the files of spec 7.6; ``conf`` and ``g2p/model.fst`` may be there.
        settings: limits of the search.
        rescore: rank with the larger model; if not, with the one that the graph was built of.

    Raises:
        MissingPartError: a file is missing.
        DataError: a file that cannot be used, or that belongs to another speech engine.
    """

    def __init__(
        self, folder: Path, settings: BeamSettings | None = None, *, rescore: bool = True
    ) -> None:
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise MissingPartError(
                "a speech engine with files missing",
                where=folder,
                why=", ".join(missing),
                remedy="maestro speech-engine export",
            )
        self._settings = settings or BeamSettings()
        # The runtime has no configuration of features: they are always the same.
        self._acoustic = read_kaldi_bundle(folder, default_options())
        self._words = read_symbols(folder / "graph" / "words.txt")
        self._names = {number: word for word, number in self._words.items()}
        self._check_words(folder)
        offset = _number(folder / OFFSET_FILE)
        self._top = TopGraph(decoding_graph(read_fst(folder / "graph" / "HCLG.fst")), offset)
        lang = folder / "lang"
        self._included = PackedModel(read_const_arpa(lang / "const_arpa"), self._words)
        self._rescoring = self._included
        if rescore:
            larger = read_const_arpa(lang / "final_const_arpa")
            self._rescoring = PackedModel(larger, self._words)
        self._lexicon = read_lexicon(lang / "lexicon.txt")
        self._g2p = G2pModel(folder / G2P_FILE) if (folder / G2P_FILE).is_file() else None
        self._compiler = HintCompiler(
            self._acoustic.tree,
            self._acoustic.model.transitions,
            PhoneTable.read(lang / "phones.txt"),
            _numbers(lang / "phones" / "left_context_phones.int"),
            offset,
            SILENCE_PHONE,
        )
        self._threads = ThreadpoolController()
        self._hints: OrderedDict[tuple[str, ...], _Hints] = OrderedDict()

    def _check_words(self, folder: Path) -> None:
        last = len(self._words) - 1
        if self._words.get(HINT) != last or len(self._names) != len(self._words):
            raise DataError(
                f"words where {HINT} is not the last",
                where=folder / "graph" / "words.txt",
                why="the runtime numbers hints from there on",
            )

    @property
    def acoustic(self) -> KaldiBundle:
        """The acoustic model."""
        return self._acoustic

    @property
    def words(self) -> Mapping[str, int]:
        """Number of each word of the graph."""
        return self._words

    @property
    def lexicon(self) -> Lexicon:
        """Pronunciations that hints are looked up in."""
        return self._lexicon

    def utterance(self, hints: Iterable[str] = ()) -> Utterance:
        """Returns a new utterance, to be fed with sound.

        Args:
            hints: words that may be said though the graph does not have them, names of a file for
                instance. Those that nobody can pronounce are left out.
        """
        found = self._compiled(tuple(dict.fromkeys(hints)))
        graph: SearchGraph = self._top.plain
        if found.graph is not None:
            graph = GrammarGraph(self._top, found.graph)
        return Utterance(
            Scorer(self._acoustic),
            BeamSearch(graph, self._acoustic.model.transitions.pdfs, self._settings),
            _Namer(self._names, found.words, len(self._words)),
            self._rescoring,
            self._included,
            partial(self._threads.limit, limits=1, user_api="blas"),
        )

    def pronounced(self, hints: Sequence[str]) -> Lexicon:
        """Returns pronunciations of words: the lexicon's, or else one that is guessed."""
        known = self._lexicon.restricted(hints)
        missing = [word for word in hints if word not in known]
        guessed = self._g2p.pronounce(missing) if self._g2p is not None and missing else []
        phones = frozenset(map(self._compiler.phones.base, self._compiler.phones.ids))
        return Lexicon.of([*known, *guessed]).in_phones(phones, "the acoustic model")

    def _compiled(self, hints: tuple[str, ...]) -> _Hints:
        kept = self._hints.pop(hints, None)
        if kept is None:
            kept = self._compile([word for word in hints if word not in self._words])
        self._hints[hints] = kept
        while len(self._hints) > _KEPT_HINTS:
            self._hints.popitem(last=False)
        return kept

    def _compile(self, hints: Sequence[str]) -> _Hints:
        lexicon = self.pronounced(hints) if hints else Lexicon(())
        words = lexicon.words()
        if not words:
            return _Hints((), None)
        first = len(self._words)
        graph = self._compiler.compile(
            (first + number, entry.phones)
            for number, word in enumerate(words)
            for entry in lexicon.pronunciations(word)
        )
        return _Hints(words, graph)


@dataclass(frozen=True, eq=False)
class _Namer:
    """From word numbers to nodes of the word lattice; hints count from `first` on."""

    names: Mapping[int, str]
    hints: Sequence[str]
    first: int

    def __call__(self, number: int) -> Node:
        if number < self.first:
            return Node(self.names[number], 0)
        return Node(HINT, 0, spoken=self.hints[number - self.first])


@dataclass(eq=False)
class Utterance:
    """What is being said; see `GraphEngine.utterance`.

    Attributes:
        scorer: from samples to scores of pdfs.
        search: of the words.
        namer: from word numbers to nodes of the word lattice.
        rescoring: the model that transcripts are ranked with.
        included: the model whose costs the graph holds.
        one_core: keeps matrix products on one core. They are small: more cores wait for each
            other, and on a busy machine for a long time.
    """

    scorer: Scorer
    search: BeamSearch
    namer: _Namer
    rescoring: PackedModel
    included: PackedModel
    one_core: Callable[[], AbstractContextManager[object]]

    def accept(self, samples: Samples) -> None:
        """Takes more sound, `(T,)` int16 at the sample rate of the acoustic model."""
        with self.one_core():
            self.search.accept(self.scorer.accept(samples))

    def finish(self, wanted: int) -> Iterator[Hypothesis]:
        """Returns what was said, best first: distinct word sequences, and their costs.

        The acoustic cost holds all but the rescoring model's.
        """
        with _no_collection():
            with self.one_core():
                self.search.accept(self.scorer.finish())
            lattice = word_lattice(self.search.finish(), self.namer)
            found = n_best(lattice, self.rescoring, _RESCORING, self.included)
            # All but the way back is done for the first one.
            best = list(islice(found, 1))
        return islice(chain(best, found), wanted * SEQUENCES_PER_TRANSCRIPT)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Puts the collection of garbage off while somebody waits.

    It walks through all that is loaded, lexicon and names included, and takes longer than the rest
    of what there is to do.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _number(path: Path) -> int:
    numbers = _numbers(path)
    if len(numbers) != 1:
        raise DataError("one number expected", where=path, why=f"{len(numbers)} found")
    return numbers[0]


def _numbers(path: Path) -> list[int]:
    try:
        return [int(field) for field in path.read_text(encoding="utf-8").split()]
    except ValueError as error:
        raise DataError("whole numbers expected", where=path, why=str(error)) from None
