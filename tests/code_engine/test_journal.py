"""The log and its event file: the same numbers, each once, whatever was killed."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from arqon_maestro.code_engine.event_file import (
    crc32c,
    first_record,
    masked_crc32c,
    scalars_record,
)
from arqon_maestro.code_engine.journal import EVENT_FILE, LOG_FILE, Journal, read_log

# What TensorBoard 2.20 writes for the same two events.
OF_TENSORBOARD = bytes.fromhex(
    "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe93b00000000000000"
    "1a23ac5c0900006040fc54d94110ac022a2d0a140a0d6c6f73732f747261696e696e6715000020400a150a0e70726f67"
    "726573732f776f726473150020f147cabaa03b"
)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def read_fields(data: bytes) -> list[tuple[int, object]]:
    """Decodes a protocol buffer of any fields."""
    found: list[tuple[int, object]] = []
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        value: object
        if key & 7 == 0:
            value, at = read_varint(data, at)
        elif key & 7 == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        elif key & 7 == 5:
            value, at = struct.unpack_from("<f", data, at)[0], at + 4
        else:
            assert key & 7 == 2
            size, at = read_varint(data, at)
            value, at = data[at : at + size], at + size
        found.append((key >> 3, value))
    assert at == len(data)
    return found


def read_scalars(path: Path) -> list[tuple[int, str, float]]:
    """Reads (step, tag, value) of an event file, checksums included."""
    data, at, found = path.read_bytes(), 0, []
    versions = []
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        assert struct.unpack_from("<I", data, at + 8) == (masked_crc32c(data[at : at + 8]),)
        body = data[at + 12 : at + 12 + size]
        assert struct.unpack_from("<I", data, at + 12 + size) == (masked_crc32c(body),)
        at += size + 16
        event = dict(read_fields(body))
        assert isinstance(event[1], float)
        if 3 in event:
            versions.append(event[3])
            continue
        assert isinstance(event[5], bytes)
        for _, value in read_fields(event[5]):
            assert isinstance(value, bytes)
            scalar = dict(read_fields(value))
            assert isinstance(scalar[1], bytes)
            found.append((event[2], scalar[1].decode(), scalar[2]))
    assert versions == [b"brain.Event:2"]
    return found  # type: ignore[return-value]


def test_checksum_is_that_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert crc32c(b"") == 0


def test_records_are_tensorboards() -> None:
    scalars = {"loss/training": 2.5, "progress/words": 123456.0}
    assert first_record(1700000000.25) + scalars_record(1700000001.5, 300, scalars) == (
        OF_TENSORBOARD
    )


@pytest.mark.parametrize("step", [0, 127, 128, 16_384, 2**40])
def test_steps_of_any_size(tmp_path: Path, step: int) -> None:
    (tmp_path / "events").write_bytes(first_record(0.5) + scalars_record(1.5, step, {"a": 0.25}))
    assert read_scalars(tmp_path / "events") == [(step, "a", 0.25)]


def test_event_file_holds_the_log(tmp_path: Path) -> None:
    journal = Journal(tmp_path / LOG_FILE, 0)
    journal.write(update=50, loss=1.5, learning_rate=0.25, words=1000, words_per_s=400)
    journal.write(update=50, valid_loss=2.0, valid_accuracy=0.5)
    assert read_scalars(tmp_path / EVENT_FILE) == [
        (50, "loss/training", 1.5),
        (50, "progress/learning rate", 0.25),
        (50, "progress/words", 1000.0),
        (50, "progress/words a second", 400.0),
        (50, "loss/validation", 2.0),
        (50, "accuracy/validation", 0.5),
    ]


def test_later_updates_are_written_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / LOG_FILE, 0)
    for update in (10, 20, 30):
        journal.write(update=update, loss=float(update))
    # The kill left both files with half a record.
    with open(tmp_path / LOG_FILE, "a") as stream:
        stream.write('{"update": 40, "lo')
    with open(tmp_path / EVENT_FILE, "ab") as binary:
        binary.write(scalars_record(1.0, 40, {"loss/training": 40.0})[:-3])
    before = read_log(tmp_path / LOG_FILE)
    resumed = Journal(tmp_path / LOG_FILE, 20)
    resumed.write(update=30, loss=31.0)
    assert read_scalars(tmp_path / EVENT_FILE) == [
        (10, "loss/training", 10.0),
        (20, "loss/training", 20.0),
        (30, "loss/training", 31.0),
    ]
    assert read_log(tmp_path / LOG_FILE)[:2] == before[:2]


def test_a_log_without_times_goes_on(tmp_path: Path) -> None:
    (tmp_path / LOG_FILE).write_text(json.dumps({"update": 5, "loss": 1.0}) + "\n")
    Journal(tmp_path / LOG_FILE, 5)
    assert read_scalars(tmp_path / EVENT_FILE) == [(5, "loss/training", 1.0)]
