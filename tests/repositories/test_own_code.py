"""A person's own code: any licence, no vendored files, a split by file that resemblance follows."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from arqon_maestro.errors import MissingPartError, UsageError
from arqon_maestro.repositories.own_code import OwnCode, read_own_code
from arqon_maestro.repositories.split import SplitShares

SHARES = SplitShares(0.15, 0.2)


def module(number: int, lines: int = 40) -> str:
    """Returns a module unlike all others."""
    source = random.Random(number)
    numbers = [source.randrange(10**6) for _ in range(lines // 2)]
    return "".join(f"def name_{n}(value):\n    return value + {n * 7}\n" for n in numbers)


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def read(*paths: Path, spoken: tuple[str, ...] = ("python",)) -> OwnCode:
    return read_own_code(paths, spoken, SHARES)


def splits(own: OwnCode) -> dict[str, str]:
    return {file.path: file.split for file in own.files}


def test_sides_have_about_their_shares_of_bytes(tmp_path: Path) -> None:
    folder = write(tmp_path / "shop", {f"m{n}.py": module(n, 20 + 4 * n) for n in range(40)})
    own = read(folder)
    total = sum(own.bytes_of(split) for split in ("train", "valid", "test"))
    assert len(own.files) == 40
    assert own.bytes_of("test") / total == pytest.approx(0.2, abs=0.1)
    assert own.bytes_of("valid") / total == pytest.approx(0.15, abs=0.08)


def test_one_long_file_does_not_become_the_test_set(tmp_path: Path) -> None:
    for salt in range(8):
        # The names decide the order; whatever it is, the long file is trained on.
        files = {f"{salt}-m{n}.py": module(n) for n in range(6)} | {
            f"{salt}-long.py": module(9, 900)
        }
        folder = write(tmp_path / str(salt) / "shop", files)
        own = read(folder)
        assert splits(own)[f"{salt}-long.py"] == "train"
        assert {file.split for file in own.files} == {"train", "valid", "test"}


def test_the_split_does_not_depend_on_where_the_folder_lies(tmp_path: Path) -> None:
    folder = write(tmp_path / "here" / "shop", {f"m{n}.py": module(n) for n in range(12)})
    copy = tmp_path / "elsewhere" / "shop"
    shutil.copytree(folder, copy)
    assert read(folder).files == read(copy).files


def test_near_duplicates_are_on_one_side(tmp_path: Path) -> None:
    files = {f"m{n}.py": module(n) for n in range(20)}
    copies = {f"copy{n}.py": module(n) + "\n# a copy\nlast = 1\n" for n in range(20)}
    found = splits(read(write(tmp_path / "shop", files | copies)))
    assert len(set(found.values())) == 3
    assert all(found[f"m{n}.py"] == found[f"copy{n}.py"] for n in range(20))


def test_equal_files_count_once(tmp_path: Path) -> None:
    own = read(write(tmp_path / "shop", {"a.py": module(1), "b.py": module(1), "c.py": module(2)}))
    assert len(own.files) == 2
    assert own.rejects == {"duplicate": 1}


def test_any_licence_is_fine_but_no_vendored_file(tmp_path: Path) -> None:
    free = "# This program is free software under the GNU General Public License version 3.\n"
    folder = write(
        tmp_path / "shop",
        {
            "LICENSE": "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n",
            "a.py": free + module(1),
            "vendor/b.py": module(2),
            "node_modules/c.py": module(3),
            ".venv/d.py": module(4),
        },
    )
    own = read(folder)
    assert [file.path for file in own.files] == ["a.py"]
    assert own.rejects == {"vendored": 2}


def test_a_named_file_needs_no_ending(tmp_path: Path) -> None:
    folder = write(tmp_path / "bin", {"tool": module(1), "notes.unknown": "text\n"})
    assert read(folder).files == ()
    assert [file.path for file in read(folder / "tool").files] == ["tool"]
    # Nothing tells which of several languages it is.
    assert read(folder / "tool", spoken=("python", "java")).files == ()


def test_of_several_languages_each_file_is_read_as_its_own(tmp_path: Path) -> None:
    prose = "A sentence of documentation that says something useful.\n\n" * 3
    paragraphs = "".join(
        f"The number {n} is what this long sentence of the page is about.\n\n" for n in range(20)
    )
    folder = write(
        tmp_path / "shop",
        {"a.py": f'"""{prose}"""\n' + module(1), "b.js": "const a = 1;\n" * 20, "c.md": paragraphs},
    )
    own = read(folder, spoken=("default", "javascript", "python"))
    assert {(file.path, file.language) for file in own.files} == {
        ("a.py", "python"),
        ("b.js", "javascript"),
        ("c.md.txt", "default"),
    }
    alone = read(folder, spoken=("default",))
    assert {file.path for file in alone.files} >= {"c.md.txt"}


def test_what_is_wrong_with_a_path_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError, match="no such file or folder"):
        read(tmp_path / "missing")
    with pytest.raises(UsageError, match="--source"):
        read()
