"""Word error rate and recall of speech recognition on a folder of spoken commands."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from arqon_maestro.artifacts import text_lines
from arqon_maestro.errors import DataError
from arqon_maestro.evaluation.metrics import Rate, bootstrap, edit_distance, recall_at
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ, Samples, read_audio
from arqon_maestro.speech_engine.recognizer import Transcript

TRANSCRIPTS_FILE = "transcripts.tsv"
RANKS = (1, 5, 10)


class SpeechRecognizer(Protocol):
    """What is evaluated."""

    def transcribe(self, audio: Samples, n_best: int) -> Sequence[Transcript]:
        """Returns transcripts of `audio` `(T,)`, int16 at 16 kHz, best first."""


@dataclass(frozen=True)
class SpokenCommand:
    """One row of ``transcripts.tsv``: an audio file and what is said in it."""

    audio: Path
    transcript: str
    voice: str


@dataclass(frozen=True)
class UtteranceResult:
    """What became of one spoken command.

    Attributes:
        file: name of the audio file.
        voice: who speaks.
        reference: what is said.
        ranked: what was heard, best first.
        rank: place of the reference among them, from 1; 0 if it is not there.
        word_edits: distance of the first transcript from the reference.
    """

    file: str
    voice: str
    reference: str
    ranked: tuple[str, ...]
    rank: int
    word_edits: int

    @property
    def words(self) -> int:
        return len(self.reference.split())


@dataclass(frozen=True)
class RecognitionScores:
    """Scores over all utterances, with 95% intervals.

    Attributes:
        word_error_rate: word edits by reference words; the interval is bootstrapped over
            utterances.
        recall: for k of 1, 5 and 10 the share of utterances with the reference, word for word,
            among the first k transcripts.
        real_time_factor: processor time by duration of the audio.
        utterances: each of them.
    """

    word_error_rate: Rate
    recall: dict[int, Rate]
    real_time_factor: float
    utterances: tuple[UtteranceResult, ...]

    def to_json(self) -> dict[str, Any]:
        wrong = self.word_error_rate
        return {
            "recall": {str(k): rate.to_json() for k, rate in self.recall.items()},
            "word_error_rate": wrong.value,
            "word_error_rate_interval": [wrong.low, wrong.high],
            "word_edits": wrong.count,
            "words": wrong.total,
            "real_time_factor": self.real_time_factor,
            "utterances": [asdict(utterance) for utterance in self.utterances],
        }


def read_spoken_commands(folder: Path) -> list[SpokenCommand]:
    """Reads ``transcripts.tsv``: a header with the columns file and transcript, voice if known.

    Raises:
        MissingPartError: no such file.
        DataError: a column, a value or an audio file is missing.
    """
    table = folder / TRANSCRIPTS_FILE
    commands: list[SpokenCommand] = []
    reader = csv.DictReader(text_lines(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = {"file", "transcript"} - set(reader.fieldnames or ())
    if missing:
        raise DataError(f"no column {', '.join(sorted(missing))}", where=f"{table}:1")
    for row in reader:
        where = f"{table}:{reader.line_num}"
        if not row["file"] or not row["transcript"]:
            raise DataError("a row without file or transcript", where=where)
        audio = folder / row["file"]
        if not audio.is_file():
            raise DataError(f"no audio file {row['file']}", where=where)
        transcript = " ".join(row["transcript"].lower().split())
        commands.append(SpokenCommand(audio, transcript, row.get("voice") or ""))
    if not commands:
        raise DataError("no spoken command", where=table)
    return commands


def evaluate_recognition(
    recognizer: SpeechRecognizer, folder: Path, *, n_best: int = 10, reporter: Reporter = SILENT
) -> RecognitionScores:
    """Recognises every spoken command of a folder and scores the transcripts.

    Args:
        recognizer: usually a `Recognizer`.
        folder: audio files and their ``transcripts.tsv``.
        n_best: transcripts asked for, at least 10 for recall@10 to mean something.
        reporter: progress.

    Raises:
        MissingPartError: no ``transcripts.tsv``.
        DataError: it, or an audio file, cannot be used.
    """
    commands = read_spoken_commands(folder)
    results: list[UtteranceResult] = []
    audio_s = processor_s = 0.0
    with reporter.task("recognise", len(commands), "commands") as task:
        for command in commands:
            samples = read_audio(command.audio)
            started = time.process_time()
            found = recognizer.transcribe(samples, n_best)
            processor_s += time.process_time() - started
            audio_s += len(samples) / SAMPLE_RATE_HZ
            results.append(_result(command, [item.transcript for item in found]))
            task.advance()
    return _scores(results, processor_s / audio_s)


def _result(command: SpokenCommand, transcripts: Sequence[str]) -> UtteranceResult:
    reference = command.transcript
    best = transcripts[0] if transcripts else ""
    return UtteranceResult(
        file=command.audio.name,
        voice=command.voice,
        reference=reference,
        ranked=tuple(transcripts),
        rank=transcripts.index(reference) + 1 if reference in transcripts else 0,
        word_edits=edit_distance(reference.split(), best.split()),
    )


def _scores(results: Sequence[UtteranceResult], real_time_factor: float) -> RecognitionScores:
    def error_rate(sample: Sequence[UtteranceResult]) -> float:
        return sum(result.word_edits for result in sample) / sum(result.words for result in sample)

    low, high = bootstrap(results, error_rate)
    recall = recall_at(
        [result.reference for result in results],
        [result.ranked for result in results],
        RANKS,
    )
    return RecognitionScores(
        word_error_rate=Rate(
            error_rate(results),
            low,
            high,
            sum(result.word_edits for result in results),
            sum(result.words for result in results),
        ),
        recall=recall,
        real_time_factor=real_time_factor,
        utterances=tuple(results),
    )
