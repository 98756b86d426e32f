"""Event files that TensorBoard shows: scalars over updates, without TensorBoard or TensorFlow.

A file is a row of TFRecords: length and data, each followed by its masked CRC-32C (format:
``tensorflow/core/lib/io/record_writer.h``). A record's data is an ``Event`` in protocol-buffer
encoding (``tensorflow/core/util/event.proto``, ``summary.proto``), of which these fields are used:

    Event    1 wall_time double · 2 step int64 · 3 file_version string · 5 summary Summary
    Summary  1 value Value, repeated
    Value    1 tag string · 2 simple_value float
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache

FILE_VERSION = "brain.Event:2"
# Of a protocol-buffer field's key: number << 3 | wire type.
_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5
_CRC_POLYNOMIAL = 0x82F63B78  # Castagnoli's, reflected
_CRC_MASK = 0xA282EAD8


@cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_CRC_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table)


def crc32c(data: bytes) -> int:
    """Returns the CRC-32C of `data` (RFC 3720, appendix B.4)."""
    table, crc = _crc_table(), 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """Returns the CRC-32C rotated and shifted, as TFRecords hold it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _CRC_MASK) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """Returns `data` framed as a TFRecord."""
    length = struct.pack("<Q", len(data))
    return b"".join(
        (
            length,
            struct.pack("<I", masked_crc32c(length)),
            data,
            struct.pack("<I", masked_crc32c(data)),
        )
    )


def first_record(wall_time_s: float) -> bytes:
    """Returns the record that an event file starts with."""
    return record(_double(1, wall_time_s) + _bytes(3, FILE_VERSION.encode()))


def scalars_record(wall_time_s: float, step: int, scalars: Mapping[str, float]) -> bytes:
    """Returns the record of some scalars at a step.

    Args:
        wall_time_s: seconds since 1970.
        step: their place on the x axis.
        scalars: tag → value. TensorBoard groups tags by what is before their slash.
    """
    values = b"".join(
        _bytes(1, _bytes(1, tag.encode()) + _key(2, _FLOAT) + struct.pack("<f", value))
        for tag, value in scalars.items()
    )
    return record(_double(1, wall_time_s) + _key(2, _VARINT) + _varint(step) + _bytes(5, values))


def _varint(value: int) -> bytes:
    """Encodes a number that is not negative: seven bits a byte, the lowest first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _double(number: int, value: float) -> bytes:
    return _key(number, _DOUBLE) + struct.pack("<d", value)


def _bytes(number: int, value: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(value)) + value
