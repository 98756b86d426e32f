"""A Kaldi file that holds one matrix, in binary or in text form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.kaldi.io import BINARY_MARK, KaldiReader


def read_matrix(path: Path) -> NDArray[np.float64]:
    """Reads a matrix, `(rows, columns)`, such as ``final.mat`` or ``global_cmvn.stats``.

    Raises:
        MissingPartError: no such file.
        DataError: no matrix, or one with values that are not finite.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    if data.startswith(BINARY_MARK):
        reader = KaldiReader(data, path, len(BINARY_MARK))
        matrix = reader.matrix().astype(np.float64)
        if not reader.at_end:
            reader.fail("something after the matrix")
    else:
        matrix = _parse(data, path)
    if not np.isfinite(matrix).all():
        raise DataError("a matrix with values that are not finite", where=path)
    return matrix


def _parse(data: bytes, path: Path) -> NDArray[np.float64]:
    text = data.decode("utf-8", "replace").strip()
    if not text.startswith("[") or not text.endswith("]"):
        raise DataError("not a matrix", where=path, why="neither binary nor [ numbers ]")
    try:
        rows = [[float(word) for word in line.split()] for line in text[1:-1].splitlines()]
    except ValueError as error:
        raise DataError("not a matrix", where=path, why=str(error)) from None
    rows = [row for row in rows if row]
    if len({len(row) for row in rows}) != 1:
        raise DataError("a matrix whose rows are of several lengths, or empty", where=path)
    return np.array(rows)
