"""Scores of speech recognition, with a recogniser that has an answer for each duration."""

import numpy as np
import pytest
import soundfile

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.evaluation.speech import evaluate_recognition, read_spoken_commands
from arqon_maestro.speech_engine.recognizer import Transcript

ANSWERS = {
    1600: ["go to line two", "go to line too"],
    3200: ["undo that", "undo"],
    4800: [],
}


class Parrot:
    """Says what belongs to the number of samples."""

    def transcribe(self, audio, n_best):
        return [Transcript(text, 0.0, 0.0, 0.0) for text in ANSWERS[len(audio)][:n_best]]


@pytest.fixture
def folder(tmp_path):
    rows = [("a.wav", "Go to  line two"), ("b.wav", "undo"), ("c.wav", "save file")]
    for (file, _), length in zip(rows, ANSWERS, strict=True):
        soundfile.write(tmp_path / file, np.zeros(length, np.int16), 16000)
    lines = ["file\ttranscript", *("\t".join(row) for row in rows)]
    (tmp_path / "transcripts.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_recall_and_word_error_rate(folder):
    scores = evaluate_recognition(Parrot(), folder)
    assert {rank: rate.count for rank, rate in scores.recall.items()} == {1: 1, 5: 2, 10: 2}
    # Nothing wrong in four words, one insertion on one word, two deletions of two.
    assert (scores.word_error_rate.count, scores.word_error_rate.total) == (3, 7)
    assert scores.word_error_rate.low <= 3 / 7 <= scores.word_error_rate.high
    assert [utterance.rank for utterance in scores.utterances] == [1, 2, 0]


def test_json_has_everything_that_the_report_shows(folder):
    document = evaluate_recognition(Parrot(), folder, n_best=1).to_json()
    assert document["recall"]["10"]["count"] == 1
    assert document["word_error_rate"] == pytest.approx(3 / 7)
    assert document["utterances"][2] == {
        "file": "c.wav",
        "voice": "",
        "reference": "save file",
        "ranked": (),
        "rank": 0,
        "word_edits": 2,
    }


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file\tvoice\na.wav\tx\n", r"transcripts.tsv:1: no column transcript"),
        ("file\ttranscript\na.wav\n", r"transcripts.tsv:2: a row without"),
        ("file\ttranscript\nz.wav\tundo\n", r"transcripts.tsv:2: no audio file z.wav"),
        ("file\ttranscript\n", "no spoken command"),
        ("", "no column file, transcript"),
    ],
)
def test_bad_tables_are_refused(folder, table, message):
    (folder / "transcripts.tsv").write_text(table)
    with pytest.raises(DataError, match=message):
        read_spoken_commands(folder)


def test_no_table(tmp_path):
    with pytest.raises(MissingPartError):
        read_spoken_commands(tmp_path)
