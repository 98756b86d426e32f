"""The transcript parser held to the grammar: every output is a tree that the runtime accepts.

At every token the grammar says which ones can follow and still lead to a tree of exactly these
words, and the model chooses among them: the model's distribution, restricted to what is valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import ThreadpoolController

from arqon_maestro.code_engine.engine import (
    MODEL_FILE,
    check_vocabulary,
    find_lexicon,
    read_lexicon,
)
from arqon_maestro.code_engine.search import Found, Search
from arqon_maestro.code_engine.stepping import StepNetwork
from arqon_maestro.code_engine.translator import Hypothesis
from arqon_maestro.code_engine.vocabulary import EOS, UNK, WORDS_FILE, WordVocabulary
from arqon_maestro.corpusgen.grammar.parser import MAX_WORDS
from arqon_maestro.corpusgen.grammar.prefixes import Prefix, Prefixes
from arqon_maestro.corpusgen.unknowns import TooManyUnknownsError, UnknownReplacer


class GrammarParser:
    """Parses transcripts with an installed transcript parser; used as a `Translator` is.

    Args:
        folder: an exported or installed model.

    Raises:
        MissingPartError: there is no model.
        DataError: the model cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._network = StepNetwork.load(folder / MODEL_FILE)
        self._vocabulary = WordVocabulary.load(folder / WORDS_FILE)
        check_vocabulary(folder / MODEL_FILE, self._network.vocabulary_size, self._vocabulary)
        self._replacer = UnknownReplacer(read_lexicon(find_lexicon(folder)))
        self._threads = ThreadpoolController()

    def translate(self, lines: Sequence[str], n_best: int = 1) -> list[list[Hypothesis]]:
        """Returns the valid parses of transcripts, best first.

        Args:
            lines: transcripts, lower-case words.
            n_best: parses a transcript, at most.

        Returns:
            Up to `n_best` parses for every line: markup, and its log probability in nats. None
            where the words are no command, or are too many for the grammar or the model.

        Raises:
            DataError: a line has a token that is no word.
        """
        return [
            [Hypothesis(" ".join(found.tokens), found.score) for found in self.parse(line, n_best)]
            for line in lines
        ]

    def parse(self, line: str, n_best: int = 1) -> list[Found]:
        """As `translate`, for one transcript; says too whether better parses are ruled out."""
        words = line.split()
        if len(words) > MAX_WORDS:
            return []
        prefixes = Prefixes(words)
        if not prefixes.following(None):
            return []
        try:
            encoded, unknowns = self._replacer.encode(" ".join(words))
        except TooManyUnknownsError:
            return []
        placeholders = {word: placeholder for placeholder, word in unknowns.items()}
        ids = self._vocabulary.ids

        def number_of(token: str) -> int:
            return ids.get(placeholders.get(token, token), UNK)

        # Products of matrices as small as these are not worth a second thread.
        with self._threads.limit(limits=1, user_api="blas"):
            source = self._network.encode([*self._vocabulary.encode(encoded), EOS])
            search: Search[Prefix | None] = Search(
                self._network, source, prefixes.following, number_of
            )
            return search.best(None, n_best)
