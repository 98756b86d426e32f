"""An exported speech engine end to end: a small language model, real audio, clear errors."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from arqon_maestro.artifacts import digest, open_text
from arqon_maestro.errors import (
    ConfigurationError,
    DataError,
    IntegrityError,
    MaestroError,
    MissingPartError,
    UsageError,
)
from arqon_maestro.evaluation.speech import evaluate_recognition
from arqon_maestro.speech_engine.acoustic.bundle import embedded_bundle, folder_bundle
from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ, read_audio
from arqon_maestro.speech_engine.export import export_speech_engine
from arqon_maestro.speech_engine.recognizer import Recognizer


@pytest.fixture
def copy(engine, tmp_path):
    return Path(shutil.copytree(engine, tmp_path / "copy"))


def test_speech_is_recognised(recognizer, spoken):
    found = recognizer.transcribe(spoken("select next word"))
    assert found[0].transcript == "select next word"


def test_transcripts_are_distinct_and_ranked_by_the_sum_of_their_costs(recognizer, spoken):
    found = recognizer.transcribe(spoken("delete next two words"), 10)
    assert 2 <= len(found) <= 10
    assert found[0].transcript == "delete next two words"
    assert [item.cost for item in found] == sorted(item.cost for item in found)
    assert len({item.transcript for item in found}) == len(found)
    for item in found:
        assert item.cost == pytest.approx(item.acoustic_cost + item.language_model_cost)
        assert item.language_model_cost > 0
        assert not {"um", "uh", "<sil>"} & set(item.transcript.split())


def test_language_model_cost_is_that_of_the_rescoring_model(recognizer, spoken):
    best = recognizer.transcribe(spoken("select next word"), 1)[0]
    (log10_probability,) = recognizer._model.score_sentences([best.transcript.split()])
    assert best.language_model_cost == pytest.approx(-log10_probability * np.log(10), abs=1e-4)


def test_samples_and_files_of_other_rates_give_the_same_transcript(recognizer, tmp_path, spoken):
    path = spoken("save file")
    samples = read_audio(path)
    assert recognizer.transcribe(samples) == recognizer.transcribe(path)
    doubled = np.interp(np.arange(0, len(samples), 0.5), np.arange(len(samples)), samples)
    soundfile.write(tmp_path / "a.wav", doubled / 32768, 2 * SAMPLE_RATE_HZ)
    assert recognizer.transcribe(tmp_path / "a.wav", 1)[0].transcript == "save file"


def test_one_utterance_leaves_no_trace_in_the_next(engine, recognizer, spoken):
    first, second = spoken("save file"), spoken("select next word")
    recognizer.transcribe(second)
    assert recognizer.transcribe(first) == Recognizer(engine).transcribe(first)


def test_silence_and_nothing_give_no_words(recognizer):
    assert recognizer.transcribe(np.zeros(0, np.int16)) == []
    assert recognizer.transcribe(np.zeros(100, np.int16)) == []
    assert recognizer.transcribe(np.zeros(SAMPLE_RATE_HZ, np.int16)) == []
    hiss = np.random.default_rng(0).normal(0, 30, 2 * SAMPLE_RATE_HZ).astype(np.int16)
    heard = recognizer.transcribe(hiss)
    assert not heard or heard[0].transcript == ""


@pytest.mark.parametrize(
    "samples", [np.zeros((100, 2), np.int16), np.zeros(100, np.float32), np.zeros(100, np.int32)]
)
def test_samples_of_another_kind_are_refused(recognizer, samples):
    with pytest.raises(DataError, match="int16"):
        recognizer.transcribe(samples)


def test_too_many_samples_are_refused(recognizer):
    with pytest.raises(DataError, match="more than 120 s"):
        recognizer.transcribe(np.zeros(121 * SAMPLE_RATE_HZ, np.int16))


def test_n_best_below_one_is_refused(recognizer):
    with pytest.raises(UsageError):
        recognizer.transcribe(np.zeros(100, np.int16), 0)


def test_export_is_the_same_twice(engine, parts, tmp_path):
    export_speech_engine(tmp_path / "again", **parts)
    assert digest(tmp_path / "again") == digest(engine)


def test_export_replaces_what_was_there_and_leaves_nothing_else(parts, tmp_path):
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "old").write_text("old")
    export_speech_engine(tmp_path / "export", **parts)
    assert not (tmp_path / "export" / "old").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["export"]


def test_search_model_has_no_mark_that_pocketsphinx_takes_for_a_variant(engine):
    with open_text(engine / "dictionary.txt") as stream:
        names = [line.split()[0] for line in stream]
    assert "sql~spell" in names
    assert not any("(spell)" in name for name in names)


def test_copied_acoustic_model_travels_with_the_export(parts, tmp_path, spoken):
    model = folder_bundle(embedded_bundle().folder)
    export_speech_engine(tmp_path / "export", **parts, acoustic_model=model)
    settings = json.loads((tmp_path / "export" / "settings.json").read_text())
    assert settings["acoustic_model"] == "acoustic-model"
    found = Recognizer(tmp_path / "export").transcribe(spoken("save file"), 1)
    assert found[0].transcript == "save file"


def test_export_wants_every_word_pronounced(parts, tmp_path):
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("go\nxyzzyx\n")
    with pytest.raises(DataError, match="xyzzyx"):
        export_speech_engine(tmp_path / "export", **{**parts, "vocabulary": vocabulary})
    assert not (tmp_path / "export").exists()


def test_export_without_a_language_model(parts, tmp_path):
    with pytest.raises(MissingPartError, match="train-model"):
        export_speech_engine(tmp_path / "x", **{**parts, "search": tmp_path / "none.arpa"})


def test_export_of_rubbish_for_a_language_model(parts, tmp_path):
    rubbish = tmp_path / "rubbish.arpa"
    rubbish.write_text("rubbish\n" * 20)
    with pytest.raises(DataError, match="not an ARPA file"):
        export_speech_engine(tmp_path / "x", **{**parts, "search": rubbish})
    assert not (tmp_path / "x").exists()


def test_no_speech_engine(tmp_path):
    with pytest.raises(MissingPartError, match="maestro speech-engine export"):
        Recognizer(tmp_path / "none")


@pytest.mark.parametrize(
    "name", ["settings.json", "dictionary.txt", "search.lm.bin", "rescoring.arpa.gz"]
)
def test_missing_file_of_a_speech_engine(copy, name):
    (copy / name).unlink()
    with pytest.raises(MissingPartError):
        Recognizer(copy)


@pytest.mark.parametrize("name", ["search.lm.bin", "rescoring.arpa.gz", "settings.json"])
def test_rubbish_in_a_speech_engine(copy, name):
    (copy / name).write_bytes(b"rubbish")
    with pytest.raises(MaestroError):
        Recognizer(copy)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"acoustic_model": "embedded: pocketsphinx==1.0/en-us"}, IntegrityError),
        ({"acoustic_model": "../elsewhere"}, IntegrityError),
        ({"tempo": 3}, ConfigurationError),
        ({"schema_version": 2}, ConfigurationError),
        ({"decoder": {"beam": 2.0}}, ConfigurationError),
    ],
)
def test_settings_that_cannot_be_used(copy, change, error):
    path = copy / "settings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(error):
        Recognizer(copy)


def test_evaluation_of_a_folder(recognizer, tmp_path, spoken):
    said = ("save file", "select next word", "insert not equal to")
    rows = ["file\ttranscript\tvoice"]
    for sentence in said:
        path = spoken(sentence)
        shutil.copy(path, tmp_path)
        rows.append(f"{path.name}\t{sentence}\tslt")
    (tmp_path / "transcripts.tsv").write_text("\n".join(rows) + "\n")
    scores = evaluate_recognition(recognizer, tmp_path)
    # The third one has words that the vocabulary lacks.
    assert scores.recall[1].count == 2
    assert scores.recall[10].total == 3
    assert [utterance.rank for utterance in scores.utterances] == [1, 1, 0]
    assert scores.word_error_rate.total == 9
    assert scores.word_error_rate.count == scores.utterances[2].word_edits > 0
    assert 0 < scores.real_time_factor < 5
    assert scores.to_json()["utterances"][0]["ranked"][0] == "save file"
