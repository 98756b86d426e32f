"""`maestro corpusgen`: from code to how a person would dictate it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from arqon_maestro.cli.corpusgen_audit import audit
from arqon_maestro.errors import DataError, UsageError, did_you_mean
from arqon_maestro.library import CODE_MODELS
from arqon_maestro.progress import StreamReporter

if TYPE_CHECKING:
    from arqon_maestro.corpusgen.explain import Explanation, Ranked, Saying

SCHEMA_VERSION = 1
CONTEXTUAL = "contextual-language-model"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="From code to how a person would dictate it.",
)

app.command()(audit)

LanguageOption = Annotated[str, typer.Option("--language", help="The sources' language.")]
ModelOption = Annotated[str, typer.Option("--model", help="One of: " + ", ".join(CODE_MODELS))]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed gives the same output.")]
WorkersOption = Annotated[int, typer.Option("--workers", min=1, help="Number of processes.")]
OutputOption = Annotated[Path, typer.Option("--output-dir", help="Folder to write to.")]
PathsArgument = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Files, folders, or - for a list on stdin.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")]


def _check_model(model: str) -> None:
    if model not in CODE_MODELS:
        raise UsageError(f"unknown model {model!r}", remedy=did_you_mean(model, CODE_MODELS))


def _run(
    language_name: str,
    model: str | None,
    seed: int,
    workers: int,
    add: bool,
    folder: Path,
    paths: list[str],
    as_json: bool,
) -> None:
    from arqon_maestro import languages
    from arqon_maestro.corpusgen.batch import Corpus, make_corpus
    from arqon_maestro.corpusgen.sources import find_sources

    language = languages.get(language_name)
    rejects: Counter[str] = Counter()
    sources = find_sources(paths, language, sys.stdin, rejects)
    manifest = make_corpus(
        Corpus(language, model, seed, add),
        sources,
        folder,
        workers=workers,
        rejects=rejects,
        reporter=StreamReporter(),
    )
    if as_json:
        typer.echo(json.dumps(manifest, indent=1))
    else:
        typer.echo(
            f"{manifest['lines']} lines of {manifest['files_used']} files"
            f" ({manifest['files_read']} read) in {folder}"
        )


@app.command()
def mapping(
    language: LanguageOption,
    model: ModelOption,
    output_dir: OutputOption,
    paths: PathsArgument,
    seed: SeedOption = 0,
    workers: WorkersOption = 1,
    disable_add: Annotated[
        bool, typer.Option("--disable-add", help="Say no syntax nodes, only text.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Writes training pairs of a model: input and output, line-aligned, and manifest.json."""
    _check_model(model)
    _run(language, model, seed, workers, not disable_add, output_dir, paths, as_json)


@app.command()
def text(
    language: LanguageOption,
    output_dir: OutputOption,
    paths: PathsArgument,
    seed: SeedOption = 0,
    workers: WorkersOption = 1,
    as_json: Json = False,
) -> None:
    """Writes transcripts for the speech language model: corpus, and manifest.json."""
    _run(language, None, seed, workers, True, output_dir, paths, as_json)


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    from arqon_maestro.artifacts import atomic_text

    if path is None:
        yield sys.stdout
    else:
        with atomic_text(path) as stream:
            yield stream


def _lines(paths: list[Path]) -> Iterator[str]:
    from arqon_maestro.artifacts import text_lines

    if not paths:
        yield from sys.stdin
    for path in paths:
        yield from text_lines(path)


@app.command()
def lexicon(
    max_words: Annotated[int, typer.Option("--max-words", min=1, help="The most entries.")],
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Training sources and targets; default: stdin."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Default: stdout.")] = None,
) -> None:
    """Writes the most frequent tokens of training lines, one a line."""
    from arqon_maestro.corpusgen.unknowns import count_lexicon

    tokens = count_lexicon(_lines(paths or []), max_words)
    with _output(output) as stream:
        stream.writelines(f"{token}\n" for token in tokens)


@app.command()
def unknowns(
    model: ModelOption,
    lexicon: Annotated[Path, typer.Option("--lexicon", help="Known tokens, one a line.")],
    inputs: Annotated[Path, typer.Option("--input", help="Source lines.")],
    outputs: Annotated[Path, typer.Option("--output", help="Target lines.")],
    converted_inputs: Annotated[Path, typer.Option("--converted-input", help="File to write.")],
    converted_outputs: Annotated[Path, typer.Option("--converted-output", help="File to write.")],
    seed: SeedOption = 0,
    as_json: Json = False,
) -> None:
    """Replaces tokens outside the lexicon by UNK0 … UNK19, in sources and targets."""
    from arqon_maestro.artifacts import atomic_text
    from arqon_maestro.corpusgen.choices import RandomChoices, seed_of
    from arqon_maestro.corpusgen.unknowns import DropReason, UnknownReplacer

    _check_model(model)
    replacer = UnknownReplacer(line.rstrip("\n") for line in _lines([lexicon]))
    counts: Counter[str] = Counter()
    written = 0
    with ExitStack() as stack:
        sources = stack.enter_context(atomic_text(converted_inputs))
        targets = stack.enter_context(atomic_text(converted_outputs))
        pairs = zip_longest(_lines([inputs]), _lines([outputs]))
        for number, (source, target) in enumerate(pairs):
            if source is None or target is None:
                raise DataError(
                    "source and target have different numbers of lines",
                    where=f"{inputs if source is None else outputs}:{number}",
                )
            source, target = source.rstrip("\n"), target.rstrip("\n")
            if model != CONTEXTUAL:
                choices = RandomChoices(seed_of(seed, "unknowns", number))
                encoded = replacer.encode_pair(source, target, choices)
                if isinstance(encoded, DropReason):
                    counts[encoded.value] += 1
                    continue
                source, target = encoded.source, encoded.target
            sources.write(source + "\n")
            targets.write(target + "\n")
            written += 1
    summary: dict[str, Any] = {"lines": written, "rejects": dict(sorted(counts.items()))}
    if as_json:
        typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, **summary}, indent=1))
    else:
        dropped = "".join(f"; {number} dropped: {reason}" for reason, number in counts.items())
        typer.echo(f"{written} lines{dropped}")


@app.command()
def show(
    rule: Annotated[str, typer.Argument(help="A rule of the command grammar, such as selection.")],
    language: LanguageOption = "default",
    count: Annotated[int, typer.Option("--count", min=1, help="How many.")] = 10,
    seed: SeedOption = 0,
) -> None:
    """Prints samples of a grammar rule as markup, one a line; … stands for free text."""
    from arqon_maestro import languages
    from arqon_maestro.corpusgen.choices import RandomChoices, seed_of
    from arqon_maestro.corpusgen.grammar import sample_rule, write_markup

    languages.get(language)
    choices = RandomChoices(seed_of(seed, "show", rule))
    for _ in range(count):
        typer.echo(write_markup(sample_rule(rule, choices)))


def _text_of(file: Path | None, text: str | None, name: str) -> str:
    """Returns what an option's file, standard input (-) or the text itself says."""
    if (file is None) == (text is None):
        raise UsageError(f"give one of --{name} and --{name}-text", remedy=f"--{name} FILE")
    if text is not None:
        return text
    return "".join(_lines([] if file == Path("-") else [file])) if file is not None else ""


def _saying_record(saying: Saying) -> dict[str, Any]:
    return {
        "transcript": " ".join(saying.words),
        "target": " ".join(saying.tokens),
        "kind": saying.kind,
        "container": saying.container,
    }


def _print_explanation(explanation: Explanation) -> None:
    saying = explanation.saying
    if saying is not None:
        least, most = explanation.probability, explanation.probability + explanation.unexplored
        typer.echo(f"probability  {least:.3g} (at most {most:.3g})")
        typer.echo(f"target       {' '.join(saying.tokens)}")
        if saying.container is not None:
            typer.echo(f"node         {saying.kind or 'bare'} in {saying.container}")
        return
    typer.echo(f"not said     {explanation.reason}")
    if explanation.unexplored:
        typer.echo(f"unexplored   at most {explanation.unexplored:.3g}")
    typer.echo(f"said so far  {' '.join(explanation.said)}")
    for alternative in explanation.alternatives:
        words = " ".join(alternative.words) or "(the end)"
        typer.echo(f"  then       {alternative.probability:.3g}  {words}")


def _print_ranked(ranked: list[Ranked]) -> None:
    for entry in ranked:
        words = " ".join(entry.saying.words)
        container = "" if entry.saying.container is None else f"  [{entry.saying.container}]"
        target = " ".join(entry.saying.tokens)
        typer.echo(f"{entry.probability:.3g}\t{words}\t{target}{container}")


@app.command()
def explain(
    language: LanguageOption,
    file: Annotated[Path | None, typer.Argument(help="With --at: a source, - for stdin.")] = None,
    at: Annotated[int | None, typer.Option("--at", help="Offset in FILE.")] = None,
    before: Annotated[Path | None, typer.Option("--before", help="The text before.")] = None,
    after: Annotated[Path | None, typer.Option("--after", help="The text after the edit.")] = None,
    before_text: Annotated[str | None, typer.Option("--before-text", help="The same.")] = None,
    after_text: Annotated[str | None, typer.Option("--after-text", help="The same.")] = None,
    transcript: Annotated[
        str | None, typer.Option("--transcript", help='What is said: "add …" or "insert …".')
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="Ways for each place.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Says how likely words are for an edit (--before, --after, --transcript), or what is likely
    to be said at a place (FILE --at). In the texts of an edit, <> may mark the caret."""
    from arqon_maestro.corpusgen.explain import explain_edit, sayings_at

    if file is not None or at is not None:
        if file is None or at is None or transcript is not None:
            raise UsageError("a place is FILE and --at", remedy="explain FILE --at OFFSET")
        ranked = sayings_at(_text_of(file, None, "at"), language, at, count)
        if as_json:
            records = [
                {
                    **_saying_record(entry.saying),
                    "probability": entry.probability,
                    "unexplored": entry.unexplored,
                }
                for entry in ranked
            ]
            typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, "ways": records}, indent=1))
        else:
            _print_ranked(ranked)
        return
    if transcript is None:
        raise UsageError("what is said is missing", remedy='--transcript "insert …"')
    if before == after == Path("-"):
        raise UsageError("only one text can come from standard input", remedy="--after FILE")
    explanation = explain_edit(
        transcript,
        _text_of(before, before_text, "before"),
        _text_of(after, after_text, "after"),
        language,
    )
    if not as_json:
        _print_explanation(explanation)
    else:
        saying = explanation.saying
        record: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "producible": explanation.producible,
            "probability": explanation.probability,
            "unexplored": explanation.unexplored,
            "saying": None if saying is None else _saying_record(saying),
            "said": " ".join(explanation.said),
            "alternatives": [
                {"words": " ".join(entry.words), "probability": entry.probability}
                for entry in explanation.alternatives
            ],
            "reason": explanation.reason,
        }
        typer.echo(json.dumps(record, indent=1))
    if not explanation.producible:
        raise typer.Exit(1)
