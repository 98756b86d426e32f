"""Grapheme to phoneme: a joint n-gram model trained and applied by phonetisaurus in subprocesses.

Source: Novak et al., "Phonetisaurus: Exploring grapheme-to-phoneme conversion with joint n-gram
models in the WFST framework", 2016. The wheel's binaries are called one by one.
"""

from __future__ import annotations

import importlib.util
import platform
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import xxhash

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.errors import ConfigurationError, DataError, MissingPartError, WorkFailedError
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.lexicon.g2p_scores import G2pScores, score
from arqon_maestro.speech_engine.lexicon.pronunciations import (
    PHONES,
    STRESSED_PHONES,
    Pronunciation,
    with_stress,
)

G2P = "g2p"
_TRAINABLE = re.compile(r"[a-z]{2,}")
#: A model with content is never smaller; the binaries exit 0 with an empty model on bad input.
_SMALLEST_MODEL_BYTES = 200
_STANDARD_ERROR_SHOWN = 400


@dataclass(frozen=True)
class G2pSettings:
    """Size of a G2P training.

    Attributes:
        training_words: words of the dictionary to learn from, chosen by hash; None for all.
        held_out_words: further words, never trained on, to measure with.
        order: of the joint n-gram.
        iterations: of expectation maximisation in the alignment.
        timeout_s: limit for each binary.
    """

    training_words: int | None = None
    held_out_words: int = 6000
    order: int = 8
    iterations: int = 11
    timeout_s: float = 1800.0


class G2pModel:
    """A trained ``model.fst``; remembers what it has predicted."""

    def __init__(self, path: Path, *, timeout_s: float = 300.0) -> None:
        """Opens a model.

        Args:
            path: ``model.fst``.
            timeout_s: limit for one call of `predict`.

        Raises:
            MissingPartError: no such file, or no phonetisaurus.
            DataError: not a model.
        """
        if not path.is_file():
            raise MissingPartError("no G2P model", where=path, remedy="maestro g2p train")
        if path.stat().st_size < _SMALLEST_MODEL_BYTES:
            raise DataError("not a G2P model", where=path, remedy="maestro g2p train")
        self.path = path
        self.timeout_s = timeout_s
        self._known: dict[tuple[str, int], tuple[tuple[str, ...], ...]] = {}

    def predict(
        self, words: Iterable[str], *, n_best: int = 1
    ) -> dict[str, tuple[tuple[str, ...], ...]]:
        """Predicts pronunciations, best first.

        Args:
            words: lower case, letters a–z.
            n_best: pronunciations a word at most.

        Returns:
            Word to pronunciations; a word the model cannot say is left out.

        Raises:
            ConfigurationError: a word with other characters, or `n_best` below 1.
            WorkFailedError: the binary failed or ran out of time.
        """
        if n_best < 1:
            raise ConfigurationError("n_best is below 1")
        wanted = sorted(set(words))
        for word in wanted:
            if not re.fullmatch("[a-z]+", word):
                raise ConfigurationError(f"not a word of letters a-z: {word!r}")
        new = [word for word in wanted if (word, n_best) not in self._known]
        if new:
            self._known.update(self._apply(new, n_best))
        found = ((word, self._known.get((word, n_best), ())) for word in wanted)
        return {word: pronunciations for word, pronunciations in found if pronunciations}

    def pronounce(self, words: Iterable[str], *, n_best: int = 1) -> list[Pronunciation]:
        """Predicts pronunciations as lexicon entries of the source ``g2p``, sorted by word.

        Vowels that the model leaves without stress are marked by `with_stress`.
        """
        predicted = self.predict(words, n_best=n_best)
        return [
            Pronunciation(word, with_stress(phones), G2P)
            for word, pronunciations in predicted.items()
            for phones in pronunciations
        ]

    def _apply(
        self, words: Sequence[str], n_best: int
    ) -> dict[tuple[str, int], tuple[tuple[str, ...], ...]]:
        with tempfile.TemporaryDirectory() as folder:
            listed = Path(folder) / "words.txt"
            listed.write_text("".join(word + "\n" for word in words), encoding="ascii")
            output = _run(
                "phonetisaurus-g2pfst",
                [f"--model={self.path.absolute()}", f"--wordlist={listed}", f"--nbest={n_best}"],
                timeout_s=self.timeout_s,
                folder=folder,
            )
        found: dict[str, list[tuple[str, ...]]] = {word: [] for word in words}
        for line in output.splitlines():
            fields = line.split("\t")
            if len(fields) != 3 or fields[0] not in found:
                raise DataError("not a G2P model", where=self.path, why=f"it answered {line!r}")
            phones = tuple(fields[2].split())
            if phones and (PHONES | STRESSED_PHONES).issuperset(phones):
                found[fields[0]].append(phones)
        if not any(found.values()) and not output:
            raise DataError("not a G2P model", where=self.path, why="it answered nothing")
        return {(word, n_best): tuple(phones) for word, phones in found.items()}


def train_g2p(
    destination: Path,
    dictionary: Iterable[Pronunciation],
    settings: G2pSettings | None = None,
    reporter: Reporter = SILENT,
) -> G2pScores:
    """Trains a G2P model and measures it on words held out.

    Args:
        destination: where ``model.fst`` goes.
        dictionary: pronunciations; words other than two or more letters a–z are ignored.
        settings: sizes; by default the full size.
        reporter: progress, a unit a stage.

    Raises:
        DataError: too few words.
        WorkFailedError: a binary failed or ran out of time.
    """
    settings = settings or G2pSettings()
    training, held_out = split_dictionary(dictionary, settings)
    with (
        tempfile.TemporaryDirectory() as folder,
        reporter.task("train g2p", 4, "stages") as task,
    ):
        place = Path(folder)
        (place / "dictionary.txt").write_text(
            "".join(f"{e.word}\t{' '.join(e.phones)}\n" for e in training), encoding="ascii"
        )
        stages = (
            (
                "phonetisaurus-align",
                "--input=dictionary.txt --ofile=aligned.txt --seq1_del=false --seq2_del=true "
                f"--iter={settings.iterations}",
                "aligned.txt",
            ),
            (
                "estimate-ngram",
                f"-order {settings.order} -smoothing FixKN -text aligned.txt -write-lm model.arpa",
                "model.arpa",
            ),
            ("phonetisaurus-arpa2wfst", "--lm=model.arpa --ofile=model.fst", "model.fst"),
        )
        for program, arguments, product in stages:
            _run(program, arguments.split(), timeout_s=settings.timeout_s, folder=folder)
            made = place / product
            if not made.is_file() or made.stat().st_size < _SMALLEST_MODEL_BYTES:
                raise WorkFailedError(f"{program} wrote no {product}")
            task.advance(1, program)
        model = place / "model.fst"
        references: dict[str, list[tuple[str, ...]]] = {}
        for entry in held_out:
            references.setdefault(entry.word, []).append(entry.phones)
        predicted = G2pModel(model, timeout_s=settings.timeout_s).predict(references)
        best = {word: ways[0] for word, ways in predicted.items()}
        scores = score(best, references, training_words=len({entry.word for entry in training}))
        task.advance(1, f"word error rate {scores.word_error_rate:.1%}")
        with atomic_binary(destination) as stream:
            stream.write(model.read_bytes())
    return scores


def split_dictionary(
    dictionary: Iterable[Pronunciation], settings: G2pSettings
) -> tuple[list[Pronunciation], list[Pronunciation]]:
    """Returns the entries to train on and the held-out ones, no word on both sides.

    Words are ordered by hash: the held-out ones come first, so they are the same for any size.

    Raises:
        DataError: no word is left to train on.
    """
    by_word: dict[str, list[Pronunciation]] = {}
    for entry in dictionary:
        if _TRAINABLE.fullmatch(entry.word):
            by_word.setdefault(entry.word, []).append(entry)
    words = sorted(by_word, key=lambda word: (xxhash.xxh3_64_intdigest(word.encode()), word))
    first = settings.held_out_words
    last = None if settings.training_words is None else first + settings.training_words
    training = [entry for word in words[first:last] for entry in by_word[word]]
    if not training:
        raise DataError(
            "too few words to train a G2P model on",
            why=f"{len(words)} usable words, {first} of them held out",
        )
    return training, [entry for word in words[:first] for entry in by_word[word]]


def _run(program: str, arguments: Sequence[str], *, timeout_s: float, folder: str) -> str:
    spec = importlib.util.find_spec("phonetisaurus")
    if spec is None or spec.origin is None:
        raise MissingPartError(
            "the wheel phonetisaurus is not installed", remedy="pip install phonetisaurus"
        )
    package = Path(spec.origin).parent
    binary = package / "bin" / platform.machine() / program
    if not binary.is_file():
        raise MissingPartError(
            f"phonetisaurus has no {program} for this machine ({platform.machine()})",
            remedy="use a lexicon without G2P (g2p words 0), or an x86-64 machine",
        )
    try:
        done = subprocess.run(
            [str(binary), *arguments],
            cwd=folder,
            env={
                "LD_LIBRARY_PATH": str(package / "lib" / platform.machine()),
                "LC_ALL": "C",
                "TMPDIR": folder,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise WorkFailedError(f"{program} took more than {timeout_s:g} s") from None
    except OSError as error:
        raise MissingPartError(f"cannot run {program}", where=binary, why=str(error)) from None
    if done.returncode:
        message = done.stderr.decode("utf-8", "replace").strip()[-_STANDARD_ERROR_SHOWN:]
        raise WorkFailedError(f"{program} failed", why=f"status {done.returncode}: {message}")
    return done.stdout.decode("utf-8", "replace")
