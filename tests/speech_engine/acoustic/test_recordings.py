"""Recordings with transcripts: Kaldi's data folders, tables, and what is wrong with them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.acoustic.training.recordings import read_recordings
from arqon_maestro.speech_engine.acoustic.training.utterances import TEST, TRAIN, VALID, Recording


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b", "c"):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(1600, np.int16), 16000)
    return tmp_path


def test_kaldi_folder(folder):
    (folder / "wav.scp").write_text(f"u1 a.wav\nu2 {folder}/b.wav\n\n")
    (folder / "text").write_text("u1 Go to LINE\nu2 stop\n")
    (folder / "utt2spk").write_text("u1 ann\nu2 bob\n")
    found = read_recordings(folder)
    assert [(u.name, u.words, u.speaker) for u in found] == [
        ("u1", ("go", "to", "line"), "ann"),
        ("u2", ("stop",), "bob"),
    ]
    assert found[0].source == Recording(folder / "a.wav")


def test_kaldi_folder_with_segments(folder):
    (folder / "wav.scp").write_text("r1 a.wav\n")
    (folder / "segments").write_text("u1 r1 0.0 0.05\nu2 r1 0.05 0.1\n")
    (folder / "text").write_text("u2 stop\nu1 go\n")
    found = read_recordings(folder)
    assert [u.source for u in found] == [
        Recording(folder / "a.wav", 0.05, 0.1),
        Recording(folder / "a.wav", 0.0, 0.05),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("transcripts.tsv", "file\tvoice\ttranscript\na.wav\tann\tgo on\nb.wav\tbob\tstop\n"),
        ("metadata.csv", 'path,sentence,speaker\na.wav,"Go on",ann\nb.wav,stop,bob\n'),
    ],
)
def test_tables(folder, name, text):
    (folder / name).write_text(text)
    for place in (folder, folder / name):
        found = read_recordings(place)
        assert [(u.name, u.words, u.speaker) for u in found] == [
            ("a.wav", ("go", "on"), "ann"),
            ("b.wav", ("stop",), "bob"),
        ]


def test_splits_are_by_speaker(folder):
    rows = [f"a.wav\ts{number % 100}\tgo" for number in range(300)]
    # Names must differ.
    for number in range(300):
        path = folder / f"{number}.wav"
        path.symlink_to(folder / "a.wav")
        rows[number] = rows[number].replace("a.wav", path.name)
    (folder / "transcripts.tsv").write_text("file\tspeaker\ttext\n" + "\n".join(rows))
    found = read_recordings(folder)
    by_speaker = {}
    for item in found:
        by_speaker.setdefault(item.speaker, set()).add(item.split)
    assert all(len(splits) == 1 for splits in by_speaker.values())
    assert {u.split for u in found} == {TRAIN, VALID, TEST}
    assert sum(u.split == TRAIN for u in found) > 200
    assert all(u.distorted == (u.split != TEST) for u in found)


def write(folder, **files):
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)


@pytest.mark.parametrize(
    ("files", "kind", "message"),
    [
        ({}, DataError, "neither wav.scp nor"),
        ({"wav_scp": "u1 cat a.wav |\n", "text": "u1 go\n"}, DataError, "wav.scp:1.*not run"),
        ({"wav_scp": "u1 none.wav\n", "text": "u1 go\n"}, MissingPartError, "none.wav"),
        ({"wav_scp": "u1 a.wav\n"}, MissingPartError, "no such file"),
        ({"wav_scp": "u1 a.wav\n", "text": "u1 go\nu2 on\n"}, DataError, "text:2.*'u2'"),
        ({"wav_scp": "u1 a.wav\n", "text": "u1 go\nu1 on\n"}, DataError, "two recordings"),
        ({"wav_scp": "u1 a.wav\n", "text": "u1\n"}, DataError, "without transcript"),
        ({"wav_scp": "u1 a.wav\n", "text": ""}, DataError, "no recording"),
        (
            {"wav_scp": "r a.wav\n", "segments": "u r 1 0\n", "text": "u go\n"},
            DataError,
            "ends before it starts",
        ),
        (
            {"wav_scp": "r a.wav\n", "segments": "u q 0 1\n", "text": "u go\n"},
            DataError,
            "no recording 'q'",
        ),
        (
            {"wav_scp": "r a.wav\n", "segments": "u r 0\n", "text": "u go\n"},
            DataError,
            "segments:1.*start end",
        ),
        ({"transcripts_csv": "name,text\na.wav,go\n"}, DataError, "without the column 'file'"),
        ({"transcripts_csv": "file,text\na.wav\n"}, DataError, "csv:2.*field missing"),
        ({"transcripts_csv": "file,text\nz.wav,go\n"}, MissingPartError, "csv:2.*z.wav"),
    ],
)
def test_what_cannot_be_used(folder, files, kind, message):
    write(folder, **files)
    with pytest.raises(kind, match=f"(?s){message}"):
        read_recordings(folder)


def test_no_folder():
    with pytest.raises(MissingPartError):
        read_recordings(Path("nowhere"))
