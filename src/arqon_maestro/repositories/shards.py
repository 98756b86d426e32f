"""Parquet shards of source files: ``part-00000.parquet`` and on.

The same files in the same order give the same bytes. Rows are grouped by split, so that a reader
of one split skips the row groups of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import atomic_binary, sha256_file
from arqon_maestro.errors import DataError, MissingPartError, UsageError, did_you_mean
from arqon_maestro.repositories.records import SPLITS, SourceFile

ROWS_PER_GROUP = 256
PART_BYTES = 48 << 20
"""A part is closed at the first row group that takes it past this size."""
ZSTD_LEVEL = 3
COLUMNS = tuple(field.name for field in fields(SourceFile))
REPEATED_COLUMNS = ("repository", "version", "licence", "language", "split", "provenance")
"""Columns of few different values: a dictionary is smaller."""


@dataclass(frozen=True)
class Part:
    """One shard as written: its file name, rows, bytes on disk and SHA-256."""

    name: str
    rows: int
    size_bytes: int
    sha256: str


def write_shards(
    files: Iterable[SourceFile], folder: Path, *, part_bytes: int = PART_BYTES
) -> list[Part]:
    """Writes files, in the order given, as Parquet parts in `folder`.

    Args:
        files: the rows; give them sorted, split by split.
        folder: made if needed; holds no parts yet.
        part_bytes: size at which the next part begins.

    Returns:
        The parts, in order; none for no files.
    """
    parts: list[Part] = []
    groups = _groups(files)
    group = next(groups, None)
    while group is not None:
        name = f"part-{len(parts):05d}.parquet"
        rows = 0
        with ExitStack() as stack:
            stream = stack.enter_context(atomic_binary(folder / name))
            writer = stack.enter_context(_writer(stream))
            while group is not None and (rows == 0 or stream.tell() < part_bytes):
                writer.write_table(_table(group), row_group_size=ROWS_PER_GROUP)
                rows += len(group)
                group = next(groups, None)
        path = folder / name
        parts.append(Part(name, rows, path.stat().st_size, sha256_file(path)))
    return parts


def list_shards(folder: Path) -> list[Path]:
    """Returns the parts in `folder`, in order.

    Raises:
        MissingPartError: the folder is missing or holds no parts.
    """
    parts = sorted(folder.glob("part-*.parquet")) if folder.is_dir() else []
    if not parts:
        raise MissingPartError(
            "no source code here",
            where=folder,
            why="no part-*.parquet files",
            remedy=f"maestro repositories fetch --language {folder.name}",
        )
    return parts


def read_shard(path: Path, split: str | None = None) -> Iterator[SourceFile]:
    """Reads one part, all of it or one split, a row group at a time.

    Raises:
        UsageError: there is no such split.
        DataError: the file is not a part, or is damaged.
    """
    if split is not None and split not in SPLITS:
        raise UsageError(
            f"unknown split {split!r}", where="split", remedy=did_you_mean(split, SPLITS)
        )
    with _opened(path) as parquet:
        split_column = parquet.schema_arrow.get_field_index("split")
        for index in range(parquet.num_row_groups):
            if split is not None and not _may_hold(parquet, index, split_column, split):
                continue
            rows = parquet.read_row_group(index, columns=list(COLUMNS)).to_pydict()
            for values in zip(*(rows[column] for column in COLUMNS), strict=True):
                record = SourceFile(*values)
                if split is None or record.split == split:
                    yield record


def read_shards(folder: Path, split: str | None = None) -> Iterator[SourceFile]:
    """Reads every part of `folder`, all of it or one split.

    Raises:
        MissingPartError: the folder is missing or holds no parts.
        DataError: a part is damaged.
    """
    for path in list_shards(folder):
        yield from read_shard(path, split)


def row_groups(path: Path) -> list[int]:
    """Returns the number of rows of each row group of a part.

    Raises:
        DataError: the file is damaged.
    """
    with _opened(path) as parquet:
        metadata = parquet.metadata
        return [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]


def read_rows(path: Path, group: int, start: int, stop: int) -> list[SourceFile]:
    """Reads the rows from `start` to before `stop` of one row group of a part.

    Raises:
        DataError: the file is damaged.
    """
    with _opened(path) as parquet:
        rows = parquet.read_row_group(group, columns=list(COLUMNS)).slice(start, stop - start)
        values = rows.to_pydict()
    return [SourceFile(*row) for row in zip(*(values[name] for name in COLUMNS), strict=True)]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Opens a part; whatever is wrong with it becomes a `DataError`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as parquet:
            missing = sorted(set(COLUMNS) - set(parquet.schema_arrow.names))
            if missing:
                raise DataError("not a shard of source files", where=path, why=f"no {missing}")
            yield parquet
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            "cannot be read as Parquet",
            where=path,
            why=str(error).splitlines()[0],
            remedy="maestro repositories verify",
        ) from None


def _groups(files: Iterable[SourceFile]) -> Iterator[list[SourceFile]]:
    group: list[SourceFile] = []
    for file in files:
        if group and (len(group) == ROWS_PER_GROUP or file.split != group[0].split):
            yield group
            group = []
        group.append(file)
    if group:
        yield group


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema([(column, pa.string()) for column in COLUMNS])


def _writer(stream: Any) -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetWriter(
        stream,
        _schema(),
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=list(REPEATED_COLUMNS),
        write_statistics=["split"],
    )


def _table(group: list[SourceFile]) -> Any:
    import pyarrow as pa

    columns = {column: [getattr(file, column) for file in group] for column in COLUMNS}
    return pa.table(columns, schema=_schema())


def _may_hold(parquet: Any, index: int, column: int, split: str) -> bool:
    statistics = parquet.metadata.row_group(index).column(column).statistics
    if statistics is None or not statistics.has_min_max:
        return True
    return bool(statistics.min <= split <= statistics.max)
