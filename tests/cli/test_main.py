"""The program's edge: help, unknown names, exit statuses, errors without tracebacks."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import click
import pytest
import typer.main

from arqon_maestro.cli import main
from arqon_maestro.errors import DataError, MissingPartError, UsageError


def maestro(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from arqon_maestro.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60
    )


def test_help_lists_the_commands_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom arqon_maestro.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n"
        "    heavy = {'torch', 'ctranslate2', 'polars', 'pyarrow', 'matplotlib', 'pocketsphinx'}\n"
        "    print('HEAVY', sorted(heavy & set(sys.modules)), end.code)\n"
    )
    for arguments in (["--help"], ["code-engine", "--help"], ["train", "--help"]):
        result = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60
        )
        assert result.stdout.splitlines()[-1] == "HEAVY [] 0", (arguments, result)


def helps(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    """Yields the path and the help of a command and of all below it."""
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from helps(below, click.Context(below, info_name=name, parent=context))


def test_every_help_is_plain_and_whole() -> None:
    """No option is cut off in a narrow window, none is foreign, and no escapes show."""
    program = typer.main.get_command(main.app)
    pages = dict(helps(program, click.Context(program, info_name="maestro", terminal_width=40)))
    assert len(pages) > 50
    for path, page in pages.items():
        assert "Usage: maestro" in page and "--help" in page, path
        assert "\\[" not in page and "│" not in page, path
        assert "completion" not in page, path
        assert not re.search(r"--[a-z-]*…", page), path
    assert "--empty-sentences" in pages["maestro lm train"]


def test_an_unknown_command_is_wrong_usage() -> None:
    result = maestro("trian")
    assert result.returncode == 2
    assert "did you mean 'train'?" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DataError("broken", where="a.txt:3", remedy="mend it"), 1),
        (UsageError("no such language"), 2),
        (MissingPartError("no flite"), 3),
        (KeyboardInterrupt(), 130),
        (OSError(28, "No space left on device", "big.txt"), 1),
    ],
)
def test_errors_become_messages_and_statuses(
    error: BaseException, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    assert run(fail) == status
    text = capsys.readouterr().err
    assert text.strip()
    if isinstance(error, DataError):
        assert text == "error: a.txt:3: broken\n  try: mend it\n"
    if isinstance(error, OSError):
        assert text.startswith("error: big.txt: No space left on device")


def test_a_file_that_ends_early_is_no_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise EOFError

    assert run(fail) == 1
    assert "ended early" in capsys.readouterr().err


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DataError("broken")

    monkeypatch.setenv("ARQON_MAESTRO_DEBUG", "1")
    with pytest.raises(DataError):
        run(fail)


def run(callback: Callable[[], None]) -> int:
    return main.run(click.Command("fail", callback=callback), [])
