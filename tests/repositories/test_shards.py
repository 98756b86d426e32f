from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import DataError, MissingPartError, UsageError
from arqon_maestro.repositories.records import SPLITS
from arqon_maestro.repositories.shards import (
    ROWS_PER_GROUP,
    list_shards,
    read_rows,
    read_shard,
    read_shards,
    row_groups,
    write_shards,
)

from .source_files import source_file

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
FILES = st.lists(st.builds(source_file, TEXTS, path=TEXTS, split=st.sampled_from(SPLITS)))


@settings(max_examples=20, deadline=None)
@given(files=FILES)
def test_what_is_written_is_read(files: list, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("shards")
    parts = write_shards(files, folder)
    assert sum(part.rows for part in parts) == len(files)
    if files:
        assert list(read_shards(folder)) == files
        for split in SPLITS:
            expected = [file for file in files if file.split == split]
            assert list(read_shards(folder, split)) == expected


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    files = [source_file(f"x = {i}\n" * 50, f"{i}.py") for i in range(700)]
    first = write_shards(files, tmp_path / "a")
    assert first == write_shards(iter(files), tmp_path / "b")
    assert row_groups(tmp_path / "a" / first[0].name) == [256, 256, 188]


def test_a_part_ends_at_its_size_and_a_group_at_its_split(tmp_path: Path) -> None:
    files = [
        source_file(f"{split} {i * 7919} {i}", f"{i}.py", split=split)
        for split in SPLITS
        for i in range(ROWS_PER_GROUP + 10)
    ]
    parts = write_shards(files, tmp_path, part_bytes=5_000)
    assert len(parts) > 1
    assert [path.name for path in list_shards(tmp_path)] == [part.name for part in parts]
    assert list(read_shards(tmp_path)) == files
    for path in list_shards(tmp_path):
        for group, rows in enumerate(row_groups(path)):
            assert len({file.split for file in read_rows(path, group, 0, rows)}) == 1


def test_slices_of_a_group(tmp_path: Path) -> None:
    files = [source_file(str(i), f"{i}.py") for i in range(20)]
    write_shards(files, tmp_path)
    assert read_rows(list_shards(tmp_path)[0], 0, 5, 8) == files[5:8]


def test_an_empty_or_missing_folder_says_what_to_type(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "python"):
        with pytest.raises(MissingPartError, match="maestro repositories fetch"):
            list(read_shards(folder))


def test_an_unknown_split_is_an_error(tmp_path: Path) -> None:
    write_shards([source_file("a")], tmp_path)
    with pytest.raises(UsageError, match="did you mean 'train'"):
        list(read_shards(tmp_path, "trian"))


def test_damage_is_an_error(tmp_path: Path) -> None:
    write_shards([source_file(f"a{i}" * 500, f"{i}.py") for i in range(50)], tmp_path)
    path = list_shards(tmp_path)[0]
    whole = path.read_bytes()
    for damaged in (b"", whole[:100], whole[:-20], b"PAR1" + bytes(len(whole) - 8) + b"PAR1"):
        path.write_bytes(damaged)
        with pytest.raises(DataError):
            list(read_shard(path))


def test_another_parquet_is_no_shard(tmp_path: Path) -> None:
    import pyarrow as pa

    pq.write_table(pa.table({"a": [1]}), tmp_path / "part-00000.parquet")
    with pytest.raises(DataError, match="not a shard"):
        list(read_shards(tmp_path))
