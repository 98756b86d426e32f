"""Results of slices: what is written is read, split by split; what is damaged is said."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from arqon_maestro.corpusgen.modes import FileResult
from arqon_maestro.errors import DataError
from arqon_maestro.executors import Outcome
from arqon_maestro.pipeline.shards import CorpusGenJob, Generated, read_results


@dataclass(frozen=True)
class Words(CorpusGenJob):
    """Says every word of a file, and how long it is."""

    columns = 2

    def say(self, text: str, name: str) -> FileResult[tuple[str, str]]:
        lines = [(word, str(len(word))) for word in text.split()]
        return FileResult(lines, Counter({"file: short": len(lines) < 2}))


@dataclass(frozen=True)
class File:
    """As much of a `SourceFile` as a job looks at."""

    text: str
    split: str
    repository: str = "some"
    path: str = "file"


def written(folder: Path) -> Path:
    job, path = Words(), folder / "result"
    files = [File("one three", "train"), File("", "test"), File("naïve", "valid")]
    outcomes = [Outcome(job.process(file)) for file in files]  # type: ignore[arg-type]
    last: Outcome[Generated] = Outcome(job.process(File("a b", "train")))  # type: ignore[arg-type]
    job.write([*outcomes, Outcome(None, "file: timed out"), last], path)
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    (result,) = read_results([written(tmp_path)])
    assert result.lines == {"train": 4, "valid": 1, "test": 0}
    assert result.text("train") == [b"one\nthree\na\nb\n", b"3\n5\n1\n1\n"]
    assert result.text("valid") == ["naïve\n".encode(), b"5\n"]
    assert result.text("test") == [b"", b""]
    assert result.counts == {"files": 5, "failed files": 1, "characters": 17}
    assert result.rejects == {"file: timed out": 1, "file: short": 2}


def test_a_damaged_result(tmp_path: Path) -> None:
    path = written(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    (result,) = read_results([path])
    assert result.text("train")
    with pytest.raises(DataError, match="it is cut short") as raised:
        result.text("valid")
    assert "only that slice" in raised.value.remedy
    for head in (b"", b"{}\n", b"no result\n", b"[1]\n"):
        path.write_bytes(head)
        with pytest.raises(DataError, match="damaged"):
            read_results([path])
