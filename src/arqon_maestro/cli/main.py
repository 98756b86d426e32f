"""The `maestro` program: finds the command, prints errors, sets the exit status."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click
import typer
from typer.core import TyperGroup

from arqon_maestro import __version__
from arqon_maestro.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    MaestroError,
    did_you_mean,
)

# Command → (module of this package, what it is for). A module is imported when its command is
# called, so that `--help` stays quick and a broken part does not break the others.
COMMANDS: dict[str, tuple[str, str]] = {
    "train": ("train", "All of it: sources, corpora, models, export, install, evaluation, report."),
    "try": ("try_command", "From a transcript to code."),
    "doctor": ("doctor", "What is installed, what is missing, what to type."),
    "repositories": ("repositories", "Raw source code: fetch, add, list, verify."),
    "corpusgen": ("corpusgen", "From code to how a person would dictate it."),
    "lm": ("lm", "N-gram language models."),
    "lexicon": ("lexicon", "The pronunciation dictionary."),
    "g2p": ("g2p", "Pronunciations of words that no dictionary has."),
    "graph": ("graph", "The decoding graph: lang folder, HCLG, what is in it."),
    "speech-engine": ("speech_engine", "Data, training, export, transcription, evaluation."),
    "code-engine": ("code_engine", "Data, training, export, translation, evaluation."),
    "models": ("models", "List, download, install, use, verify."),
}


class LazyGroup(TyperGroup):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, summary = COMMANDS[name]
        app: typer.Typer = importlib.import_module(f"arqon_maestro.cli.{module}").app
        command = typer.main.get_command(app)
        command.name = name
        command.help = command.help or summary
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.UsageError(
                f"no such command: {args[0]!r}; {did_you_mean(args[0], COMMANDS)}", ctx
            )
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Trains the models that turn speech into code, and speaks to them.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"maestro {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", help="Print the version.", callback=_show_version, is_eager=True
    ),
    debug: bool = typer.Option(False, "--debug", help="Show tracebacks of errors."),
) -> None:
    """Trains the models that turn speech into code, and speaks to them."""
    del version
    if debug:
        os.environ["ARQON_MAESTRO_DEBUG"] = "1"


def run(
    command: click.Command, arguments: Sequence[str] | None = None, name: str = "maestro"
) -> int:
    """Runs a command and returns the exit status; expected errors become one message on stderr."""
    try:
        result = command.main(
            args=None if arguments is None else list(arguments),
            prog_name=name,
            standalone_mode=False,
        )
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return EXIT_USAGE
    except click.UsageError as error:
        error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        if isinstance(error.__cause__, EOFError):  # click takes it for the person's ^D
            return _failed(error.__cause__, "error: a file or an answer ended early", EXIT_FAILED)
        print("interrupted; the same command goes on where it was", file=sys.stderr)
        return EXIT_INTERRUPTED
    except MaestroError as error:
        return _failed(error, f"error: {error}", error.exit_status)
    except BrokenPipeError:
        # The reader of our output left; Python must not try to flush to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        text = f"error: {where}{error.strerror or error}"
        if error.errno == 28:  # ENOSPC
            text += "\n  try: free some space; nothing was half-written, run the same command again"
        return _failed(error, text, EXIT_FAILED)
    return result if isinstance(result, int) else 0


def _failed(error: Exception, text: str, status: int) -> int:
    if os.environ.get("ARQON_MAESTRO_DEBUG"):
        raise error
    print(text, file=sys.stderr)
    return status


def main() -> None:
    """Entry point of the `maestro` program."""
    sys.exit(run(typer.main.get_command(app)))
