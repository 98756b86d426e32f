"""Recordings with transcripts: a folder in Kaldi's form, or a table (CSV, TSV)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from arqon_maestro.artifacts import open_text
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.acoustic.training.utterances import (
    TEST,
    TRAIN,
    VALID,
    Recording,
    Utterance,
)

TABLES = ("transcripts.tsv", "transcripts.csv", "metadata.csv")
_FILE_COLUMNS = ("file", "path", "audio", "filename")
_TEXT_COLUMNS = ("transcript", "text", "sentence")
_SPEAKER_COLUMNS = ("speaker", "voice", "client_id")
#: Shares of the speakers, in hundredths, that are kept to validate on and to test on.
_VALID_PERCENT, _TEST_PERCENT = 5, 10


def read_recordings(place: Path) -> list[Utterance]:
    """Reads what was recorded and what is said in it.

    Args:
        place: a folder with ``wav.scp`` and ``text`` (and, if there, ``segments`` and ``utt2spk``)
            as Kaldi has them; or a table with a header, whose columns are named ``file`` and
            ``transcript`` and, if there, ``speaker``; or a folder with such a table
            (``transcripts.tsv``, ``transcripts.csv``, ``metadata.csv``). Paths are relative to the
            folder.

    Returns:
        Utterances in the order of the files. One speaker in ten is kept for testing, one in twenty
        for validation, by a hash of the name; of a single speaker, so are the utterances.

    Raises:
        MissingPartError: no such file or folder.
        DataError: neither form, or a line that cannot be used.
    """
    if not place.exists():
        raise MissingPartError("no such file or folder", where=place)
    if place.is_file():
        rows = list(_table_rows(place))
    elif (place / "wav.scp").is_file():
        rows = list(_kaldi_rows(place))
    else:
        tables = [place / name for name in TABLES if (place / name).is_file()]
        if not tables:
            raise DataError(
                "no recordings with transcripts",
                where=place,
                why=f"neither wav.scp nor {', '.join(TABLES)} is in it",
            )
        rows = list(_table_rows(tables[0]))
    if not rows:
        raise DataError("no recording", where=place)
    names = [name for name, *_ in rows]
    if len(set(names)) != len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise DataError(f"two recordings named {double!r}", where=place)
    speakers = {speaker for *_, speaker in rows}
    return [
        Utterance(
            name=name,
            words=words,
            speaker=speaker,
            split=_split(speaker if len(speakers) > 1 else name),
            source=source,
            # What is measured on is heard as it is.
            distorted=_split(speaker if len(speakers) > 1 else name) != TEST,
        )
        for name, source, words, speaker in rows
    ]


_Row = tuple[str, Recording, tuple[str, ...], str]


def _split(key: str) -> str:
    place = seed_of("recordings", key) % 100
    if place < _TEST_PERCENT:
        return TEST
    return VALID if place < _TEST_PERCENT + _VALID_PERCENT else TRAIN


def _table_rows(path: Path) -> Iterator[_Row]:
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with open_text(path) as stream:
        reader = csv.DictReader(stream, delimiter=delimiter)
        header = reader.fieldnames or []
        file_column = _column(header, _FILE_COLUMNS, path)
        text_column = _column(header, _TEXT_COLUMNS, path)
        speaker_column = next((name for name in _SPEAKER_COLUMNS if name in header), None)
        for row in reader:
            where = f"{path}:{reader.line_num}"
            file, text = row[file_column], row[text_column]
            if not file or text is None:
                raise DataError("a row with a field missing", where=where)
            audio = path.parent / file
            if not audio.is_file():
                raise MissingPartError(f"no such recording: {file}", where=where)
            speaker = row.get(speaker_column) if speaker_column else None
            yield file, Recording(audio), _words(text, where), speaker or "one"


def _column(header: object, names: tuple[str, ...], path: Path) -> str:
    for name in names:
        if isinstance(header, list | tuple) and name in header:
            return name
    raise DataError(
        f"a table without the column {names[0]!r}", where=f"{path}:1", why=f"has {header}"
    )


def _kaldi_rows(folder: Path) -> Iterator[_Row]:
    audio = {name: _audio(rest, folder, where) for name, rest, where in _pairs(folder / "wav.scp")}
    pieces: dict[str, Recording] = {name: Recording(path) for name, path in audio.items()}
    if (folder / "segments").is_file():
        pieces = {}
        for name, rest, where in _pairs(folder / "segments"):
            try:
                recording, start, end = rest.split()
                start_s, end_s = float(start), float(end)
            except ValueError:
                raise DataError("not `utterance recording start end`", where=where) from None
            if recording not in audio:
                raise DataError(f"no recording {recording!r} in wav.scp", where=where)
            if not 0 <= start_s < end_s:
                raise DataError("a piece that ends before it starts", where=where)
            pieces[name] = Recording(audio[recording], start_s, end_s)
    speakers: dict[str, str] = {}
    if (folder / "utt2spk").is_file():
        speakers = {name: rest for name, rest, _ in _pairs(folder / "utt2spk")}
    for name, text, where in _pairs(folder / "text"):
        if name not in pieces:
            raise DataError(f"no audio for the utterance {name!r}", where=where)
        yield name, pieces[name], _words(text, where), speakers.get(name, "one")


def _pairs(path: Path) -> Iterator[tuple[str, str, str]]:
    with open_text(path) as stream:
        for number, line in enumerate(stream, 1):
            name, _, rest = line.strip().partition(" ")
            if not name:
                continue
            yield name, rest.strip(), f"{path}:{number}"


def _audio(text: str, folder: Path, where: str) -> Path:
    if text.endswith("|"):
        raise DataError(
            "a command, where a file was expected",
            where=where,
            why="commands of wav.scp are not run",
            remedy="convert the recordings to WAV or FLAC files and name them",
        )
    path = folder / text
    if not path.is_file():
        raise MissingPartError(f"no such recording: {text}", where=where)
    return path


def _words(text: str, where: str) -> tuple[str, ...]:
    words = tuple(text.lower().split())
    if not words:
        raise DataError("a recording without transcript", where=where)
    return words
