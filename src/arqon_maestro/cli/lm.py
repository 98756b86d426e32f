"""`maestro lm`: n-gram language models."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arqon_maestro.errors import UsageError, did_you_mean
from arqon_maestro.progress import StreamReporter

if TYPE_CHECKING:
    from arqon_maestro.speech_engine.ngram import NgramModel

SCHEMA_VERSION = 1
DISCOUNTINGS = ("kneser-ney", "witten-bell", "absolute")
FALLBACKS = ("witten-bell", "absolute", "error")
PRUNING_RULES = ("srilm", "kenlm")
MEMORY_UNITS = {"M": 1 << 20, "G": 1 << 30}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Count, train, mix, prune, measure, pack n-gram language models.",
)

Text = Annotated[
    list[Path],
    typer.Option(
        "--text", metavar="F", help="Text, one sentence a line, plain or .gz; repeatable."
    ),
]
Order = Annotated[
    int, typer.Option("--order", metavar="N", min=1, max=6, help="The longest n-grams.")
]
Model = Annotated[Path, typer.Option("--model", metavar="X", help="ARPA file, plain or .gz.")]
Vocabulary = Annotated[
    Path | None,
    typer.Option(
        "--vocabulary", metavar="F", help="The known words, one a line [default: all of the text]."
    ),
]
EmptySentences = Annotated[
    int, typer.Option("--empty-sentences", min=0, help="Weight of the sentence without words.")
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="Work in files and need about so much memory: 512M, 4G [default: no limit].",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, help="Processes with --memory, threads without [default: the cores]."
    ),
]
Arpa = Annotated[
    Path, typer.Option("--output", metavar="X", help="ARPA file to write; .gz compresses.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def _print_json(content: dict[str, Any]) -> None:
    typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, **content}, indent=1))


def _print_rows(rows: dict[str, Any]) -> None:
    width = max(map(len, rows))
    for name, value in rows.items():
        text = f"{value:.6g}" if isinstance(value, float) else value
        typer.echo(f"{name:{width}}  {text}")


def _choice(option: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise UsageError(f"{option} {value}", why=did_you_mean(value, allowed))
    return value


def _minimum_counts(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    fields = text.split(",")
    if not all(field.strip().isdecimal() for field in fields):
        raise UsageError(
            f"--min-counts {text!r}",
            why="one whole number for each order, with commas",
            remedy="--min-counts 1,2,5",
        )
    return tuple(int(field) for field in fields)


def _memory_bytes(text: str | None) -> int | None:
    if text is None:
        return None
    number, unit = text[:-1], MEMORY_UNITS.get(text[-1:].upper())
    if unit is None or not number.isdecimal():
        raise UsageError(
            f"--memory {text!r}", why="a whole number and a unit", remedy="--memory 1G"
        )
    return int(number) * unit


def _ngrams(sizes: tuple[int, ...]) -> str:
    return ", ".join(f"{size} {order}-grams" for order, size in enumerate(sizes, 1))


def _balanced(path: Path) -> NgramModel:
    """Reads a model, and warns if it is not one of probabilities."""
    from arqon_maestro.speech_engine.ngram import NgramModel
    from arqon_maestro.speech_engine.ngram.balance import largest_imbalance

    model = NgramModel.read(path)
    worst = largest_imbalance(model)
    if not worst.is_tolerable:
        StreamReporter().say(f"warning: {path}: {worst}")
    return model


@app.command()
def count(
    order: Order,
    text: Text,
    output: Annotated[
        Path, typer.Option("--output", metavar="F", help="File of words<TAB>count; .gz compresses.")
    ],
    vocabulary: Vocabulary = None,
    empty_sentences: EmptySentences = 0,
    memory: Memory = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Counts the n-grams of text."""
    from arqon_maestro.executors import LocalExecutor
    from arqon_maestro.speech_engine.ngram.count_file import write_counts
    from arqon_maestro.speech_engine.ngram.counts import count_ngrams
    from arqon_maestro.speech_engine.ngram.folder_store import open_store
    from arqon_maestro.speech_engine.ngram.text import read_vocabulary

    words = None if vocabulary is None else read_vocabulary(vocabulary)
    executor = LocalExecutor(workers)
    with open_store(output, _memory_bytes(memory)) as store:
        counts = count_ngrams(
            text,
            order,
            vocabulary=words,
            empty_sentences=empty_sentences,
            store=store,
            executor=executor,
            threads=executor.workers,
            reporter=StreamReporter(),
        )
        write_counts(counts, output)
        sizes = counts.sizes
    if as_json:
        _print_json(
            {
                "ngrams": list(sizes),
                "sentences": counts.sentences,
                "words": counts.tokens,
                "oovs": counts.oov_tokens,
            }
        )
        return
    _print_rows(
        {
            "n-grams": _ngrams(sizes),
            "sentences": counts.sentences,
            "words": counts.tokens,
            "outside the vocabulary": counts.oov_tokens,
        }
    )


@app.command()
def train(
    order: Order,
    text: Text,
    output: Arpa,
    vocabulary: Vocabulary = None,
    min_counts: Annotated[
        str | None,
        typer.Option(
            "--min-counts",
            metavar="1,2,5",
            help="For each order, the count from which n-grams are kept [default: all are].",
        ),
    ] = None,
    empty_sentences: EmptySentences = 0,
    discounting: Annotated[
        str, typer.Option("--discounting", help=f"One of: {', '.join(DISCOUNTINGS)}.")
    ] = DISCOUNTINGS[0],
    fallback: Annotated[
        str,
        typer.Option(
            "--fallback",
            help=f"Where Kneser-Ney has too few counts, one of: {', '.join(FALLBACKS)}.",
        ),
    ] = FALLBACKS[0],
    pruning_rule: Annotated[
        str,
        typer.Option(
            "--pruning-rule",
            help="Whose cut-offs and unknown words: srilm, or kenlm (--prune N-1 there is N here).",
        ),
    ] = PRUNING_RULES[0],
    open_vocabulary: Annotated[
        bool, typer.Option("--open-vocabulary", help="Make <unk> a word with a probability.")
    ] = False,
    memory: Memory = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Estimates an interpolated modified Kneser-Ney model, and writes it as ARPA."""
    from arqon_maestro.executors import LocalExecutor
    from arqon_maestro.speech_engine.ngram import training
    from arqon_maestro.speech_engine.ngram.discounting import Discounting
    from arqon_maestro.speech_engine.ngram.interpolation import Pruning
    from arqon_maestro.speech_engine.ngram.kneser_ney import Fallback

    executor = LocalExecutor(workers)
    summary = training.train(
        text,
        output,
        order=order,
        vocabulary=vocabulary,
        min_counts=_minimum_counts(min_counts),
        empty_sentences=empty_sentences,
        discounting=Discounting(_choice("--discounting", discounting, DISCOUNTINGS)),
        fallback=Fallback(_choice("--fallback", fallback, FALLBACKS)),
        pruning=Pruning(_choice("--pruning-rule", pruning_rule, PRUNING_RULES)),
        open_vocabulary=open_vocabulary,
        memory_bytes=_memory_bytes(memory),
        executor=executor,
        threads=executor.workers,
        reporter=StreamReporter(),
    )
    if as_json:
        _print_json(asdict(summary))
        return
    rows: dict[str, Any] = {
        "model": output,
        "n-grams": _ngrams(summary.ngrams),
        "sentences": summary.sentences,
        "words": summary.tokens,
        "outside the vocabulary": summary.oov_tokens,
    }
    for number, discount in enumerate(summary.discounts, 1):
        amounts = " ".join(f"{amount:.4f}" for amount in discount.amounts)
        rows[f"discounts, order {number}"] = f"{discount.discounting.value} {amounts}"
    rows["seconds"] = f"{summary.seconds:.1f}"
    _print_rows(rows)


@app.command()
def mix(
    first: Annotated[Path, typer.Argument(metavar="A", help="ARPA file.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="ARPA file.")],
    output: Arpa,
    weight: Annotated[
        float | None, typer.Option("--weight", metavar="λ", help="A's share, between 0 and 1.")
    ] = None,
    fit: Annotated[
        list[Path] | None,
        typer.Option("--fit", metavar="F", help="Fit the weight to this held-out text instead."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Mixes two models into one: λ·A + (1-λ)·B over the n-grams of both."""
    from arqon_maestro.speech_engine.ngram import mixing, write_arpa

    if (weight is None) == (not fit):
        raise UsageError("one of --weight and --fit is needed", remedy="--weight 0.6")
    models = _balanced(first), _balanced(second)
    fitted = mixing.fit_weight(*models, fit, reporter=StreamReporter()) if fit else None
    share = fitted.weight if fitted else float(weight or 0.0)
    mixture = mixing.mix(*models, share)
    write_arpa(mixture, output)
    sizes = tuple(level.words.size for level in mixture.levels)
    result: dict[str, Any] = {"weight": share}
    if fitted:
        result["perplexity"] = fitted.perplexity
    if as_json:
        _print_json({**result, "ngrams": list(sizes)})
    else:
        _print_rows({"model": output, **result, "n-grams": _ngrams(sizes)})


@app.command()
def prune(
    model: Model,
    threshold: Annotated[
        float,
        typer.Option(
            "--threshold",
            metavar="T",
            min=0.0,
            help="N-grams go if the perplexity grows by less than this share, say 1e-8.",
        ),
    ],
    output: Arpa,
    minimum_order: Annotated[
        int, typer.Option("--minimum-order", min=2, help="Shorter n-grams all stay.")
    ] = 2,
    history_model: Annotated[
        Path | None,
        typer.Option(
            "--history-model",
            metavar="Y",
            help="ARPA file that says how likely contexts are [default: X].",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Leaves out the n-grams that a model hardly needs (relative entropy)."""
    from arqon_maestro.speech_engine.ngram import pruning, write_arpa

    history = None if history_model is None else _balanced(history_model)
    pruned = pruning.prune(
        _balanced(model), threshold, minimum_order=minimum_order, history=history
    )
    write_arpa(pruned.model, output)
    sizes = tuple(level.words.size for level in pruned.model.levels)
    if as_json:
        _print_json({"ngrams": list(sizes), "removed": list(pruned.removed)})
        return
    _print_rows({"model": output, "n-grams": _ngrams(sizes), "removed": _ngrams(pruned.removed)})


@app.command()
def perplexity(model: Model, text: Text, as_json: Json = False) -> None:
    """Measures how well a model predicts text."""
    from arqon_maestro.speech_engine.ngram.perplexity import perplexity as measure

    result = measure(_balanced(model), text, reporter=StreamReporter())
    if as_json:
        _print_json(result.as_dict())
    else:
        _print_rows(dict(result.as_dict()))


@app.command("const-arpa")
def const_arpa(
    model: Model,
    words: Annotated[
        Path, typer.Option("--words", metavar="words.txt", help="Number of each word.")
    ],
    output: Annotated[Path, typer.Option("--output", metavar="F", help="ConstArpa file to write.")],
    unknown_word: Annotated[
        str | None,
        typer.Option("--unknown-word", help="Stands for words that the model lacks, say <unk>."),
    ] = None,
) -> None:
    """Packs a model for Kaldi's rescoring."""
    from arqon_maestro.speech_engine.kaldi.symbol_table import read_symbols
    from arqon_maestro.speech_engine.ngram.const_arpa import write_const_arpa

    write_const_arpa(_balanced(model), read_symbols(words), output, unknown_word=unknown_word)
    _print_rows({"model": output, "bytes": output.stat().st_size})
