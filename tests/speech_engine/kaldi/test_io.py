"""Kaldi's binary primitives: written and read again, byte by byte where the form is known."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.kaldi.io import KaldiReader, KaldiWriter

FLOATS = st.sampled_from([np.float32, np.float64])
FINITE = {"allow_nan": False, "allow_infinity": False}


def reader(writer: KaldiWriter) -> KaldiReader:
    return KaldiReader(bytes(writer), "memory")


def test_numbers_are_written_as_kaldi_writes_them():
    writer = KaldiWriter()
    writer.token("<A>", "<B>")
    writer.int32(-2)
    writer.uint32(3)
    writer.int64(-5)
    writer.real(0.5)
    writer.double(0.25)
    writer.boolean(True)
    writer.int_vector([1, -1])
    writer.vector(np.array([1.5], np.float32))
    writer.matrix(np.array([[1.0, 2.0]]))
    assert bytes(writer) == (
        b"\0B<A> <B> \x04\xfe\xff\xff\xff\xfc\x03\0\0\0\x08"
        + struct.pack("<q", -5)
        + b"\x04"
        + struct.pack("<f", 0.5)
        + b"\x08"
        + struct.pack("<d", 0.25)
        + b"T\x04\x02\0\0\0\x01\0\0\0\xff\xff\xff\xff"
        + b"FV \x04\x01\0\0\0"
        + struct.pack("<f", 1.5)
        + b"DM \x04\x01\0\0\0\x04\x02\0\0\0"
        + struct.pack("<dd", 1, 2)
    )


@given(
    st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1), st.integers(-(2**63), 2**63 - 1)
)
def test_whole_numbers_come_back(small, unsigned, large):
    writer = KaldiWriter(mark=False)
    writer.int32(small)
    writer.uint32(unsigned)
    writer.int64(large)
    again = reader(writer)
    assert (again.int32(), again.uint32(), again.int64()) == (small, unsigned, large)
    assert again.at_end


@given(st.floats(width=32, allow_nan=False), st.floats(allow_nan=False), st.booleans())
def test_reals_come_back(single, double, truth):
    writer = KaldiWriter(mark=False)
    writer.real(single)
    writer.double(double)
    writer.boolean(truth)
    again = reader(writer)
    assert (again.real(), again.real(), again.boolean()) == (single, double, truth)


@given(
    FLOATS.flatmap(
        lambda kind: arrays.arrays(
            kind, arrays.array_shapes(min_dims=2, max_dims=2, min_side=0), elements=FINITE
        )
    )
)
def test_matrices_and_vectors_come_back(matrix):
    writer = KaldiWriter(mark=False)
    writer.matrix(matrix)
    writer.vector(matrix.ravel())
    again = reader(writer)
    first, second = again.matrix(), again.vector()
    assert first.dtype == matrix.dtype
    np.testing.assert_array_equal(first, matrix)
    np.testing.assert_array_equal(second, matrix.ravel())


@given(FLOATS, st.integers(0, 6), st.integers(0, 99))
def test_symmetric_matrices_come_back(kind, size, seed):
    square = np.random.default_rng(seed).normal(size=(size, size)).astype(kind)
    symmetric = square + square.T
    writer = KaldiWriter(mark=False)
    writer.packed(symmetric)
    np.testing.assert_array_equal(reader(writer).packed(), symmetric)


def test_compressed_matrices_are_read():
    edges = struct.pack("<4H", 0, 16384, 49152, 65535)
    head = struct.pack("<ffii", -1.0, 2.0, 3, 1)
    by_column = KaldiReader(b"CM " + head + edges + bytes([0, 64, 255])).matrix()
    np.testing.assert_allclose(by_column, [[-1], [-0.5], [1]], atol=1e-4)
    wide = KaldiReader(b"CM2 " + head + struct.pack("<3H", 0, 32768, 65535)).matrix()
    np.testing.assert_allclose(wide, [[-1], [0], [1]], atol=1e-4)
    narrow = KaldiReader(b"CM3 " + head + bytes([0, 51, 255])).matrix()
    np.testing.assert_allclose(narrow, [[-1], [-0.6], [1]], atol=1e-6)


def test_every_truncation_is_an_error_with_its_place():
    writer = KaldiWriter(mark=False)
    writer.token("<Name>")
    writer.int32(1)
    writer.matrix(np.ones((2, 2), np.float32))
    writer.int_vector([1, 2])
    data = bytes(writer)
    for stop in range(len(data)):
        cut = KaldiReader(data[:stop], "cut.mdl")
        with pytest.raises(DataError, match=r"cut\.mdl: byte \d+: ") as failure:
            cut.expect("<Name>")
            cut.int32()
            cut.matrix()
            cut.int_vector()
        assert "truncated" in str(failure.value) or "no number" in str(failure.value)


def test_something_else_is_named():
    with pytest.raises(DataError, match="'<B>' where '<A>' was expected"):
        KaldiReader(b"<B> ").expect("<A>")
    with pytest.raises(DataError, match="no number of 4 bytes"):
        KaldiReader(b"\x08" + bytes(8)).int32()
    with pytest.raises(DataError, match="'XX' where a matrix was expected"):
        KaldiReader(b"XX ").matrix()
    with pytest.raises(DataError, match="negative size"):
        KaldiReader(b"FV \x04\xff\xff\xff\xff").vector()
    with pytest.raises(DataError, match="neither T nor F"):
        KaldiReader(b"X").boolean()


def test_files_that_are_not_binary(tmp_path):
    text = tmp_path / "text.mdl"
    text.write_text("<TransitionModel>\n")
    with pytest.raises(DataError, match="not a binary Kaldi file"):
        KaldiReader.open(text)
    (tmp_path / "empty.mdl").touch()
    with pytest.raises(DataError, match="an empty file"):
        KaldiReader.open(tmp_path / "empty.mdl")
    with pytest.raises(DataError, match="a folder"):
        KaldiReader.open(tmp_path)
    with pytest.raises(MissingPartError):
        KaldiReader.open(tmp_path / "none.mdl")
