"""`maestro lm` end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from arqon_maestro.cli.lm import app
from arqon_maestro.cli.main import run
from arqon_maestro.speech_engine.ngram import NgramModel, perplexity
from arqon_maestro.speech_engine.ngram.training import train

from . import reference
from .conftest import WriteText, total_probability

Capture = pytest.CaptureFixture[str]


def lm(*arguments: object) -> int:
    return run(typer.main.get_command(app), [str(argument) for argument in arguments])


def printed(capsys: Capture) -> dict[str, object]:
    document = json.loads(capsys.readouterr().out)
    assert document.pop("schema_version") == 1
    return dict(document)


def test_train_mix_prune_measure_pack(
    write_text: WriteText, tmp_path: Path, capsys: Capture
) -> None:
    text = write_text(reference.random_text(seed=51, sentences=300, words=900))
    other = write_text(reference.random_text(seed=52, sentences=200, words=300))
    first, second = tmp_path / "a.arpa.gz", tmp_path / "b.arpa"
    assert (
        lm("train", "--order", 3, "--text", text, "--min-counts", "1,1,2", "--output", first) == 0
    )
    output = capsys.readouterr()
    assert "discounts, order 3      kneser-ney" in output.out
    assert "counting" in output.err
    assert lm("train", "--order", 2, "--text", other, "--output", second, "--json") == 0
    summary = printed(capsys)
    assert summary["ngrams"] == [level.words.size for level in NgramModel.read(second).levels]

    mixture, pruned = tmp_path / "mixed.arpa", tmp_path / "pruned.arpa"
    assert lm("mix", first, second, "--weight", 0.6, "--output", mixture, "--json") == 0
    assert printed(capsys)["weight"] == 0.6
    assert lm("mix", first, second, "--fit", text, "--output", mixture, "--json") == 0
    assert printed(capsys)["weight"] > 0.6  # type: ignore[operator]
    assert lm("prune", "--model", mixture, "--threshold", "1e-5", "--output", pruned, "--json") == 0
    removed = printed(capsys)["removed"]
    assert isinstance(removed, list)
    assert sum(removed) > 0

    assert lm("perplexity", "--model", mixture, "--text", other, "--json") == 0
    assert printed(capsys) == perplexity(NgramModel.read(mixture), [other]).as_dict()

    words = tmp_path / "words.txt"
    vocabulary = NgramModel.read(pruned).vocabulary
    words.write_text("".join(f"{word} {i}\n" for i, word in enumerate(vocabulary, 1)))
    packed = tmp_path / "G.carpa"
    assert lm("const-arpa", "--model", pruned, "--words", words, "--output", packed) == 0
    assert packed.read_bytes().startswith(b"\0B<ConstArpaLm> ")


def test_count(write_text: WriteText, tmp_path: Path, capsys: Capture) -> None:
    text, output = write_text([["a", "b"], ["a"]]), tmp_path / "counts"
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("a\n")
    options = ("--order", 2, "--text", text, "--output", output, "--vocabulary", vocabulary)
    assert lm("count", *options, "--json") == 0
    assert printed(capsys) == {"ngrams": [4, 4], "sentences": 2, "words": 3, "oovs": 1}
    assert "<s> a\t2\n" in output.read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("train", "--order", 7), 2, "--order"),
        (("train", "--order", 2, "--min-counts", "1,x"), 2, "--min-counts 1,2,5"),
        (("train", "--order", 2, "--min-counts", "1,1,1"), 2, "3 minimum counts"),
        (("train", "--order", 2, "--discounting", "kneser-nay"), 2, "did you mean 'kneser-ney'"),
        (("train", "--order", 2, "--vocabulary", "missing"), 3, "missing: no such file"),
        (("train", "--order", 2, "--fallback", "error"), 1, "too little text"),
    ],
)
def test_wrong_usage(
    write_text: WriteText,
    tmp_path: Path,
    capsys: Capture,
    arguments: tuple[object, ...],
    status: int,
    message: str,
) -> None:
    text, output = write_text([["a"]]), tmp_path / "x.arpa"
    assert lm(*arguments, "--text", text, "--output", output) == status
    assert message in capsys.readouterr().err
    assert not output.exists()


def test_mixing_needs_a_weight_or_a_text(tmp_path: Path, capsys: Capture) -> None:
    arpa = tmp_path / "a.arpa"
    assert lm("mix", arpa, arpa, "--output", arpa) == 2
    assert "--weight 0.6" in capsys.readouterr().err


@pytest.mark.parametrize(("memory", "message"), [("1X", "--memory 1G"), ("1M", "64 MiB")])
def test_bad_memory(
    write_text: WriteText, tmp_path: Path, capsys: Capture, memory: str, message: str
) -> None:
    options = ("--order", 2, "--text", write_text([["a"]]), "--output", tmp_path / "x.arpa")
    assert lm("train", *options, "--memory", memory) == 2
    assert message in capsys.readouterr().err


def test_training_twice_gives_the_same_bytes(write_text: WriteText, tmp_path: Path) -> None:
    text = write_text(reference.random_text(seed=53, sentences=100, words=60))
    for name in ("one.arpa.gz", "two.arpa.gz"):
        train(text, tmp_path / name, order=3, empty_sentences=10)
    assert (tmp_path / "one.arpa.gz").read_bytes() == (tmp_path / "two.arpa.gz").read_bytes()


def test_a_model_that_does_not_sum_to_one_is_pointed_out(
    write_text: WriteText, tmp_path: Path, capsys: Capture
) -> None:
    text, model = write_text([["a", "b"], ["b"]]), tmp_path / "model.arpa"
    train(text, model, order=2)
    assert lm("perplexity", "--model", model, "--text", text) == 0
    assert "warning" not in capsys.readouterr().err
    lines = model.read_text().split("\n")
    row = next(i for i, line in enumerate(lines) if line.endswith("\ta b"))
    lines[row] = "-0.01\ta b"
    model.write_text("\n".join(lines))
    assert lm("perplexity", "--model", model, "--text", text) == 0
    assert "the probabilities after 'a' sum to 1." in capsys.readouterr().err


@pytest.mark.parametrize("order", [1, 3, 6])
def test_a_corpus_of_one_line(
    order: int, write_text: WriteText, tmp_path: Path, capsys: Capture
) -> None:
    output = tmp_path / "one.arpa"
    text = write_text([["insert", "hello", "world"]])
    assert lm("train", "--order", order, "--text", text, "--output", output, "--json") == 0
    captured = capsys.readouterr()
    assert "too little text for Kneser-Ney discounts" in captured.err
    assert "witten-bell discounting instead" in captured.err
    assert len(json.loads(captured.out)["warnings"]) == order
    model = NgramModel.read(output)
    assert total_probability(model, ["insert"]) == pytest.approx(1.0, abs=1e-5)


def test_a_vocabulary_whose_words_are_not_in_the_text(
    write_text: WriteText, tmp_path: Path, capsys: Capture
) -> None:
    vocabulary, output = tmp_path / "vocab.txt", tmp_path / "x.arpa"
    vocabulary.write_text("never\nheard\n")
    arguments = ["--text", write_text([["a", "b"]]), "--vocabulary", vocabulary]
    assert lm("train", "--order", 2, *arguments, "--output", output) == 0
    assert "no word of the text is in the vocabulary" in capsys.readouterr().err
    model = NgramModel.read(output)
    assert model.log10_probability([], "never") == model.log10_probability([], "heard")
    assert total_probability(model, []) == pytest.approx(1.0, abs=1e-5)
    vocabulary.write_text("<unk>\n</s>\n")
    assert lm("train", "--order", 2, *arguments, "--output", output) == 1
    assert "passed over" in capsys.readouterr().err
