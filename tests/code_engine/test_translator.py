"""The exported model runs as it was trained: CTranslate2, PyTorch and Marian agree."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
import yaml

from arqon_maestro.code_engine.dataset import encoded_paths, raw_paths, read_pairs
from arqon_maestro.code_engine.engine import CACHE_FOLDER
from arqon_maestro.code_engine.export import decoding_options, export_model, server_config
from arqon_maestro.code_engine.marian import POSITIONS_NAME, read_arrays, write_arrays
from arqon_maestro.code_engine.network import Batch, Network
from arqon_maestro.code_engine.recipe import DatasetRecipe, TrainingRecipe
from arqon_maestro.code_engine.training import train
from arqon_maestro.code_engine.translator import Rescorer, Translator
from arqon_maestro.code_engine.vocabulary import Vocabulary, load_vocabulary
from arqon_maestro.code_engine.weights import read_model
from arqon_maestro.corpusgen.unknowns import TooManyUnknownsError, UnknownReplacer
from arqon_maestro.errors import DataError, MissingPartError, UsageError

from .conftest import NETWORK, RARE, WORDS, Trained, write_raw

TOLERANCE = 1e-3


def forced_score(network: Network, vocabulary: Vocabulary, source: str, target: str) -> float:
    ids = [*vocabulary.encode(target), 0]
    batch = Batch(
        torch.tensor([[*vocabulary.encode(source), 0]]),
        None,
        torch.tensor([ids]),
        torch.arange(len(ids)),
    )
    with torch.no_grad():
        return -float(network(batch))


def greedy(network: Network, vocabulary: Vocabulary, source: str) -> tuple[str, float]:
    nothing = torch.zeros(1, 1, dtype=torch.long)
    batch = Batch(torch.tensor([[*vocabulary.encode(source), 0]]), None, nothing, nothing[0])
    ids, scores = network.greedy(batch, max_length=21)
    return vocabulary.decode(ids[0]), scores[0]


def test_ctranslate2_agrees_with_pytorch(trained: Trained) -> None:
    network, vocabulary = read_model(trained.folder / "model.npz"), load_vocabulary(trained.folder)
    lexicon = (trained.folder / "python_auto_style_lexicon.txt").read_text().split("\n")
    replacer = UnknownReplacer(lexicon)
    pairs = list(read_pairs(raw_paths(trained.data, "python", "test")))
    results = Translator(trained.folder).translate([source for source, _ in pairs], beam_size=1)
    scores = Rescorer(trained.folder).rescore(pairs)
    right = 0
    for (source, target), best, score in zip(pairs, results, scores, strict=True):
        encoded, unknowns = replacer.encode(source)
        output, output_score = greedy(network, vocabulary, encoded)
        assert best[0].text == replacer.resolve(output, unknowns)
        assert best[0].score == pytest.approx(output_score, abs=TOLERANCE)
        expected = forced_score(network, vocabulary, encoded, replacer.apply(target, unknowns))
        assert score == pytest.approx(expected, abs=TOLERANCE)
        right += best[0].text == target
    assert right > 0.8 * len(pairs), "the toy language was not learnt, so the test shows little"


def test_unknown_words_come_back(trained: Trained) -> None:
    best = Translator(trained.folder).translate([f"CTX ENG get {RARE[0]}", "CTX ENG get brandnew"])
    assert [found[0].text for found in best] == [f"get _ {RARE[0]}", "get _ brandnew"]


def test_n_best_is_sorted_and_distinct(trained: Trained) -> None:
    lines = [f"CTX ENG {word} name" for word in WORDS]
    for best in Translator(trained.folder, threads=2).translate(lines, n_best=5):
        assert len({found.text for found in best}) == 5
        scores = [found.score for found in best]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] < 0


def test_a_batch_is_its_lines(trained: Trained) -> None:
    translator = Translator(trained.folder)
    lines = [source for source, _ in read_pairs(raw_paths(trained.data, "python", "test"))]
    together = translator.translate(lines, n_best=2)
    for line, best in zip(lines, together, strict=True):
        alone = translator.translate([line], n_best=2)[0]
        assert [found.text for found in alone] == [found.text for found in best]


def test_lines_without_an_answer(trained: Trained) -> None:
    translator = Translator(trained.folder)
    many = " ".join(f"x{number}" for number in range(21))
    assert translator.translate(["", many]) == [[], []]
    assert translator.translate([]) == []
    with pytest.raises(TooManyUnknownsError, match="line 2"):
        Rescorer(trained.folder).rescore([("CTX", "get"), (many, "get")])
    with pytest.raises(DataError, match=r"line 1: a source line of 1100 tokens"):
        translator.translate([" ".join(["get"] * 1100)])


def test_limits_of_length(trained: Trained) -> None:
    translator = Translator(trained.folder)
    line = "CTX ENG get name of value"
    assert len(translator.translate([line], max_length=3)[0][0].text.split()) == 3
    assert len(translator.translate([line])[0][0].text.split()) == 7


def test_the_length_factor_limits_each_line(trained: Trained, tmp_path: Path) -> None:
    """Whatever else is in the batch, as in Marian with one line a batch."""
    folder = tmp_path / "python"
    shutil.copytree(trained.folder, folder)
    config = yaml.safe_load((folder / "config.yml").read_text()) | {"max-length-factor": 0.5}
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    lines = ["CTX ENG get name of value", "CTX ENG max", "CTX ENG get get get get get get get get"]
    outputs = Translator(folder).translate(lines)
    assert [len(best[0].text.split()) for best in outputs] == [3, 1, 5]
    assert Translator(folder).translate(lines[:1]) == [outputs[0]]
    # As long as the limit: it ends there, and is not asked for its end.
    (folder / "config.yml").write_text(yaml.safe_dump(config | {"max-length-factor": 1}))
    translator = Translator(folder)
    ((together,), _) = translator.translate([lines[0], lines[2]])
    assert len(together.text.split()) == 7
    assert translator.translate([lines[0]])[0][0].score == pytest.approx(together.score, abs=1e-4)
    config |= {"max-length-factor": 3, "max-length": 2}
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    assert Translator(folder).translate(lines) == Translator(trained.folder).translate(lines)


def test_the_converted_model_is_kept_and_replaced(trained: Trained, tmp_path: Path) -> None:
    folder = tmp_path / "python"
    shutil.copytree(trained.folder, folder)
    Translator(folder)
    cache = tmp_path / CACHE_FOLDER
    (first,) = cache.iterdir()
    stamp = (first / "model.bin").stat().st_mtime_ns
    Translator(folder)
    assert (first / "model.bin").stat().st_mtime_ns == stamp
    arrays = read_arrays(folder / "model.npz")
    arrays["Wemb"] = arrays["Wemb"] * 2
    write_arrays(folder / "model.npz", arrays)
    Translator(folder)
    (second,) = cache.iterdir()
    assert second.name != first.name


def test_a_read_only_place(trained: Trained, tmp_path: Path) -> None:
    folder = tmp_path / "python"
    shutil.copytree(trained.folder, folder)
    (tmp_path / CACHE_FOLDER).write_text("a file where the folder should be")
    assert Translator(folder).translate(["CTX ENG get"])[0][0].text == "get"


def test_a_model_without_positions(trained: Trained, tmp_path: Path) -> None:
    """Marian's own models have no `Wpos`; they must score the same."""
    folder = tmp_path / "python"
    shutil.copytree(trained.folder, folder)
    arrays = read_arrays(folder / "model.npz")
    del arrays[POSITIONS_NAME]
    write_arrays(folder / "model.npz", arrays)
    pair = ("CTX ENG get name", "get _ name")
    ours, theirs = Rescorer(trained.folder).rescore([pair]), Rescorer(folder).rescore([pair])
    assert ours == pytest.approx(theirs, abs=TOLERANCE)


def test_files_that_do_not_belong_together(trained: Trained, tmp_path: Path) -> None:
    folder = tmp_path / "python"
    shutil.copytree(trained.folder, folder)
    vocabulary = folder / "vocab.yml"
    size = len(load_vocabulary(folder))
    vocabulary.write_text(vocabulary.read_text() + f'"more": {size}\n')
    with pytest.raises(DataError, match="different trainings"):
        Translator(folder)


@pytest.mark.parametrize(
    "name", ["model.npz", "vocab.yml", "config.yml", "python_auto_style_lexicon.txt"]
)
def test_missing_files(trained: Trained, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "python"
    shutil.copytree(trained.folder, folder)
    (folder / name).unlink()
    with pytest.raises(MissingPartError):
        Translator(folder)


def test_damaged_options(trained: Trained, tmp_path: Path) -> None:
    folder = tmp_path / "python"
    shutil.copytree(trained.folder, folder)
    for text in ("beam-size: many\n", "[", "max-length: 3\n"):
        (folder / "config.yml").write_text(text)
        with pytest.raises(DataError, match=r"config\.yml"):
            Translator(folder)


def test_pieces(tmp_path: Path) -> None:
    """A contextual model, whose sources may be empty lines."""
    recipe = DatasetRecipe(
        lexicon_size=20, vocabulary="pieces", vocabulary_size=60, max_length=60, valid_lines=30
    )
    from arqon_maestro.code_engine.dataset import build_dataset

    model = "contextual-language-model"
    write_raw(tmp_path / "data")
    build_dataset(tmp_path / "data", "python", model, recipe, seed=1)
    training = TrainingRecipe(
        updates=20,
        batch_tokens=800,
        learning_rate=0.005,
        warmup=5,
        label_smoothing=0.1,
        validate_every=10,
        save_every=10,
    )
    train(tmp_path / "data", tmp_path / "training", recipe, NETWORK, training)
    folder = tmp_path / "python"
    export_model(tmp_path / "training", tmp_path / "data", folder, model, "python")
    network, vocabulary = read_model(folder / "model.npz"), load_vocabulary(folder)
    pairs = [("CTX ENG get", "get _ name"), ("", "max"), ("never heard", "é"), ("", "")]
    scores = Rescorer(folder).rescore(pairs)
    for (source, target), score in zip(pairs, scores, strict=True):
        expected = forced_score(network, vocabulary, source, target)
        assert score == pytest.approx(expected, abs=TOLERANCE)
    assert Translator(folder).translate(["CTX ENG get name"], n_best=2)[0][0].score < 0


def test_the_archive_s_files(trained: Trained) -> None:
    names = {path.name for path in trained.folder.iterdir()}
    assert names == {
        "model.npz",
        "vocab.yml",
        "config.yml",
        "tokens.txt",
        "exposed_vocab.yml",
        "python_auto_style_lexicon.txt",
    }
    tokens = load_vocabulary(trained.folder).tokens
    assert (trained.folder / "tokens.txt").read_text().splitlines() == tokens[2:]
    exposed = yaml.safe_load((trained.folder / "exposed_vocab.yml").read_text())
    assert exposed == {"</s>": 0, "<unk>": 1} | {
        str(number): number for number in range(2, len(tokens))
    }
    config = yaml.safe_load((trained.folder / "config.yml").read_text())
    assert config == server_config("auto-style")
    wanted = {"beam-size": 2, "max-length": 75, "max-length-factor": 3, "mini-batch": 64}
    wanted |= {"maxi-batch": 100, "cpu-threads": 2, "n-best": True, "word-scores": True}
    assert {key: config[key] for key in wanted} == wanted
    assert "models" not in config and "vocabs" not in config


def test_the_three_models_have_options() -> None:
    assert set(decoding_options()) == {
        "auto-style",
        "contextual-language-model",
        "transcript-parser",
    }


def test_export_repeats_and_refuses(trained: Trained, tmp_path: Path) -> None:
    export_model(trained.output, trained.data, tmp_path / "a", "auto-style", "python")
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (trained.folder / path.name).read_bytes()
    with pytest.raises(UsageError, match="did you mean"):
        export_model(trained.output, trained.data, tmp_path / "b", "autostyle", "python")
    with pytest.raises(MissingPartError, match="code-engine train"):
        export_model(tmp_path, trained.data, tmp_path / "b", "auto-style", "python")
    with pytest.raises(MissingPartError, match="generate-dataset"):
        export_model(trained.output, trained.data, tmp_path / "b", "auto-style", "java")


def test_marian_agrees(trained: Trained) -> None:
    pymarian = pytest.importorskip("pymarian")
    paths = encoded_paths(trained.data, "test")
    pairs = list(read_pairs(paths))
    network, vocabulary = read_model(trained.folder / "model.npz"), load_vocabulary(trained.folder)
    marian = pymarian.Translator(
        models=str(trained.folder / "model.npz"),
        vocabs=[str(trained.folder / "vocab.yml")] * 2,
        beam_size=1,
        normalize=0,
        cpu_threads=1,
        n_best=True,
        workspace=500,
        quiet=True,
        max_length_factor=3,
    )
    lines = "\n".join(marian.translate([source for source, _ in pairs])).strip().split("\n")
    for (source, _), line in zip(pairs, lines, strict=True):
        fields = line.split(" ||| ")
        output, score = greedy(network, vocabulary, source)
        assert fields[1] == output
        assert float(fields[-1]) == pytest.approx(score, abs=TOLERANCE)
