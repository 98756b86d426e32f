"""From text to an ARPA file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.executors import Executor
from arqon_maestro.executors.local import available_cores
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.ngram.arpa_writer import write_arpa
from arqon_maestro.speech_engine.ngram.counts import count_ngrams
from arqon_maestro.speech_engine.ngram.discounting import Discounting, OrderDiscount
from arqon_maestro.speech_engine.ngram.folder_store import open_store
from arqon_maestro.speech_engine.ngram.interpolation import Pruning
from arqon_maestro.speech_engine.ngram.kneser_ney import Fallback, estimate
from arqon_maestro.speech_engine.ngram.text import read_vocabulary


@dataclass(frozen=True)
class TrainingSummary:
    """What a training made.

    Attributes:
        order: of the model.
        ngrams: number of n-grams of each order in the model.
        counted_ngrams: number of different n-grams of each order in the text.
        discounts: of each order.
        sentences: number of sentences, the weight of the empty one included.
        tokens: number of words.
        oov_tokens: how many of them are outside the vocabulary.
        vocabulary_size: number of words the model can predict, ``</s>`` included.
        warnings: what a person should know, a sentence each.
        seconds: time taken.
    """

    order: int
    ngrams: tuple[int, ...]
    counted_ngrams: tuple[int, ...]
    discounts: tuple[OrderDiscount, ...]
    sentences: int
    tokens: int
    oov_tokens: int
    vocabulary_size: int
    warnings: tuple[str, ...]
    seconds: float


def train(
    text: Path | Sequence[Path],
    output: Path,
    *,
    order: int,
    vocabulary: Path | None = None,
    min_counts: Sequence[int] | None = None,
    empty_sentences: int = 0,
    discounting: Discounting = Discounting.KNESER_NEY,
    fallback: Fallback = Fallback.WITTEN_BELL,
    pruning: Pruning = Pruning.SRILM,
    open_vocabulary: bool = False,
    memory_bytes: int | None = None,
    executor: Executor | None = None,
    threads: int | None = None,
    reporter: Reporter = SILENT,
) -> TrainingSummary:
    """Counts text, estimates a model and writes it as an ARPA file, atomically.

    Args:
        text: text files, one sentence a line, plain or ``.gz`` (see `text.read_blocks`).
        output: the ARPA file; compressed if its name ends ``.gz``.
        order: the longest n-grams, 1 to 6.
        vocabulary: file of the words that are known, one a line. Default: all words of the text.
        min_counts: for each order, the count from which n-grams are kept. Default: all.
        empty_sentences: weight of the sentence without words, besides those of the text.
        discounting: see `kneser_ney.estimate`, also for the next three.
        fallback: where Kneser-Ney discounts cannot be had.
        pruning: whose cut-off and unknown-word rules.
        open_vocabulary: give ``<unk>`` the probability of the words outside the vocabulary.
        memory_bytes: what the work should need at most, beside the vocabulary and the program
            itself; the rest is kept in a hidden folder beside the output, where a run that was
            killed goes on. Default: no limit. The model is the same.
        executor: what counts the shards of the text, if memory is limited. Default: this process.
        threads: number of threads; default: the cores that this process may use.
        reporter: told of the progress and the warnings.

    Raises:
        MissingPartError, DataError, UsageError, WorkFailedError: see `count_ngrams` and `estimate`.
    """
    started = time.monotonic()
    paths = [text] if isinstance(text, Path) else list(text)
    words = None if vocabulary is None else read_vocabulary(vocabulary)
    threads = available_cores() if threads is None else threads
    with open_store(output, memory_bytes) as store:
        counts = count_ngrams(
            paths,
            order,
            vocabulary=words,
            empty_sentences=empty_sentences,
            store=store,
            executor=executor,
            threads=threads,
            reporter=reporter,
        )
        estimated = estimate(
            counts,
            min_counts=min_counts,
            discounting=discounting,
            fallback=fallback,
            pruning=pruning,
            open_vocabulary=open_vocabulary,
            reporter=reporter,
        )
        warnings = estimated.warnings
        if counts.oov_tokens == counts.tokens:
            warnings = ("no word of the text is in the vocabulary", *warnings)
        for warning in warnings:
            reporter.say(f"warning: {warning}")
        write_arpa(estimated.stored, output, threads=threads)
        return TrainingSummary(
            order=order,
            ngrams=estimated.stored.sizes,
            counted_ngrams=counts.sizes,
            discounts=estimated.discounts,
            sentences=counts.sentences,
            tokens=counts.tokens,
            oov_tokens=counts.oov_tokens,
            vocabulary_size=len(estimated.stored.vocabulary) - 1,
            warnings=warnings,
            seconds=time.monotonic() - started,
        )
