"""Training learns, repeats itself, resumes exactly, and refuses what it cannot use."""

from __future__ import annotations

import json
import math
import os
import signal
from pathlib import Path

import pytest
import torch

from arqon_maestro.artifacts import sha256_file
from arqon_maestro.code_engine.checkpoint import CHECKPOINT_FILE
from arqon_maestro.code_engine.dataset import build_dataset, raw_paths
from arqon_maestro.code_engine.devices import Execution
from arqon_maestro.code_engine.engine import find_lexicon, read_lexicon
from arqon_maestro.code_engine.journal import LOG_FILE
from arqon_maestro.code_engine.network import Batch, Network
from arqon_maestro.code_engine.recipe import TrainingRecipe
from arqon_maestro.code_engine.schedule import learning_rate
from arqon_maestro.code_engine.training import train
from arqon_maestro.code_engine.updates import Updater
from arqon_maestro.code_engine.vocabulary import load_vocabulary
from arqon_maestro.code_engine.weights import read_model, write_model
from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError

from .conftest import DATASET, NETWORK, SHORT, TRAINING, Trained, write_raw


class StopAfter:
    """A reporter that sends this process a signal after some updates."""

    def __init__(self, updates: int, number: int) -> None:
        self.updates, self.number = updates, number

    def say(self, message: str) -> None:
        pass

    def task(self, label: str, total: float | None = None, unit: str = "") -> StopAfter:
        self.counting = unit == "updates"
        self.done = -1  # the first advance says where the training stands
        return self

    def __enter__(self) -> StopAfter:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def advance(self, amount: float = 1, note: str = "") -> None:
        if self.counting:
            self.done += 1
            if self.done == self.updates:
                os.kill(os.getpid(), self.number)


def losses(output: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (output / LOG_FILE).read_text().splitlines()]
    clocks = ("words_per_s", "time")
    return [{key: line[key] for key in line if key not in clocks} for line in lines]


def test_it_learns(trained: Trained) -> None:
    curve = [line["valid_loss"] for line in losses(trained.output) if "valid_loss" in line]
    assert len(curve) == 3
    assert curve[-1] < 0.5 * curve[0]
    assert trained.summary.updates == TRAINING.updates
    assert trained.summary.best_loss == min(curve)
    accuracy = [line["valid_accuracy"] for line in losses(trained.output) if "valid_loss" in line]
    assert accuracy[0] < accuracy[-1] <= 1
    assert trained.summary.stopped == "updates"
    assert trained.summary.pairs["train"]["kept"] == 3000


def test_the_same_seed_gives_the_same_bytes(
    dataset: Path, undisturbed: Path, tmp_path: Path
) -> None:
    train(dataset, tmp_path, DATASET, NETWORK, SHORT)
    assert sha256_file(tmp_path / "model.npz") == sha256_file(undisturbed / "model.npz")


def test_another_seed_gives_others(trained: Trained, tmp_path: Path) -> None:
    other = TRAINING.model_copy(update={"seed": 8, "updates": 20})
    same = TRAINING.model_copy(update={"updates": 20})
    first, second = (
        train(trained.data, tmp_path / name, DATASET, NETWORK, recipe)
        for name, recipe in (("other", other), ("same", same))
    )
    assert first.best_loss != second.best_loss


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_and_resumed_equals_undisturbed(
    dataset: Path, undisturbed: Path, tmp_path: Path, number: int
) -> None:
    for updates in (37, 14):
        with pytest.raises(KeyboardInterrupt):
            train(dataset, tmp_path, DATASET, NETWORK, SHORT, reporter=StopAfter(updates, number))
    assert not (tmp_path / "model.npz").exists()
    summary = train(dataset, tmp_path, DATASET, NETWORK, SHORT)
    assert sha256_file(tmp_path / "model.npz") == sha256_file(undisturbed / "model.npz")
    assert losses(tmp_path) == losses(undisturbed)
    assert summary.updates == SHORT.updates


def test_killed_between_checkpoints(dataset: Path, undisturbed: Path, tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    class KillAt(StopAfter):
        def advance(self, amount: float = 1, note: str = "") -> None:
            self.done += 1
            if self.counting and self.done == 57:
                raise Killed

    with pytest.raises(Killed):
        train(dataset, tmp_path, DATASET, NETWORK, SHORT, reporter=KillAt(0, 0))
    with open(tmp_path / LOG_FILE, "a") as stream:
        stream.write('{"update": 99, "lo')
    train(dataset, tmp_path, DATASET, NETWORK, SHORT)
    assert sha256_file(tmp_path / "model.npz") == sha256_file(undisturbed / "model.npz")
    assert losses(tmp_path) == losses(undisturbed)


def test_a_finished_training_stays_as_it_is(trained: Trained) -> None:
    before = sha256_file(trained.output / "model.npz")
    summary = train(trained.data, trained.output, DATASET, NETWORK, TRAINING)
    assert summary.updates == TRAINING.updates
    assert sha256_file(trained.output / "model.npz") == before


def test_accumulation_counts_words_not_batches(trained: Trained, tmp_path: Path) -> None:
    recipe = TRAINING.model_copy(update={"updates": 10, "accumulation": 3, "warmup": 5})
    summary = train(trained.data, tmp_path, DATASET, NETWORK, recipe)
    single = recipe.model_copy(update={"accumulation": 1})
    assert summary.words > 2 * train(trained.data, tmp_path / "1", DATASET, NETWORK, single).words


def test_patience_ends_it(trained: Trained, tmp_path: Path) -> None:
    frozen = TrainingRecipe(
        updates=500,
        batch_tokens=400,
        learning_rate=1e-30,
        warmup=1,
        patience=2,
        validate_every=5,
        save_every=100,
    )
    summary = train(trained.data, tmp_path, DATASET, NETWORK, frozen)
    assert summary.stopped == "patience"
    assert (summary.updates, summary.best_update) == (15, 5)
    assert (tmp_path / "model.npz").is_file()


def test_no_number_stops_it_and_keeps_the_checkpoint(trained: Trained, tmp_path: Path) -> None:
    wild = TRAINING.model_copy(
        update={"learning_rate": 1e30, "warmup": 40, "clip_norm": 0.0, "save_every": 1}
    )
    with pytest.raises(WorkFailedError, match="lower learning_rate"):
        train(trained.data, tmp_path, DATASET, NETWORK, wild)
    state = torch.load(tmp_path / CHECKPOINT_FILE, weights_only=True)
    assert state["update"] >= 1


def test_the_bad_batch_is_named_whenever_it_is_looked_at(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = TRAINING.model_copy(update={"accumulation": 2, "save_every": 6})
    plain, batches = Updater._add_gradient, 0

    def poisoned(self: Updater, batch: Batch, scale: torch.Tensor) -> torch.Tensor:
        nonlocal batches
        batches += 1
        loss = plain(self, batch, scale)
        return loss * math.nan if batches == 16 else loss

    monkeypatch.setattr(Updater, "_add_gradient", poisoned)
    execution = Execution(check_every=5)
    with pytest.raises(WorkFailedError, match=r"update 8 .*batch 16 of epoch 0\)"):
        train(trained.data, tmp_path, DATASET, NETWORK, recipe, execution=execution)
    # Updates 9 and 10 were done before anybody looked; nothing of them is kept.
    assert torch.load(tmp_path / CHECKPOINT_FILE, weights_only=True)["update"] == 6


def test_too_little_memory_says_what_to_lower(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Updater, batch: Batch, scale: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Updater, "_add_gradient", full)
    with pytest.raises(WorkFailedError, match="lower batch_tokens"):
        train(trained.data, tmp_path, DATASET, NETWORK, TRAINING)


def test_when_losses_are_looked_at_changes_nothing(
    dataset: Path, undisturbed: Path, tmp_path: Path
) -> None:
    execution = Execution(check_every=7, ahead=3)
    train(dataset, tmp_path, DATASET, NETWORK, SHORT, execution=execution)
    assert sha256_file(tmp_path / "model.npz") == sha256_file(undisturbed / "model.npz")
    assert losses(tmp_path) == losses(undisturbed)


def test_a_time_limit_ends_it_with_what_there_is(trained: Trained, tmp_path: Path) -> None:
    summary = train(trained.data, tmp_path, DATASET, NETWORK, TRAINING, time_limit_s=1e-6)
    assert (summary.stopped, summary.updates, summary.best_update) == ("time", 1, 1)
    assert read_model(tmp_path / "model.npz").recipe.dim == NETWORK.dim
    longer = train(trained.data, tmp_path, DATASET, NETWORK, TRAINING, time_limit_s=1e6)
    assert (longer.stopped, longer.updates) == ("updates", TRAINING.updates)
    assert longer.best_loss < summary.best_loss


def test_a_checkpoint_of_another_shape_is_refused(trained: Trained, tmp_path: Path) -> None:
    recipe = TRAINING.model_copy(update={"updates": 1})
    train(trained.data, tmp_path, DATASET, NETWORK, recipe)
    path = tmp_path / CHECKPOINT_FILE
    state = torch.load(path, weights_only=True)
    state["weights"]["encoder.0.widen.bias"] = torch.zeros(3)
    torch.save(state, path)
    with pytest.raises(DataError, match=r"does not fit the network"):
        train(trained.data, tmp_path, DATASET, NETWORK, recipe)


def test_another_recipe_s_checkpoint_is_refused(trained: Trained, tmp_path: Path) -> None:
    recipe = TRAINING.model_copy(update={"updates": 5})
    train(trained.data, tmp_path, DATASET, NETWORK, recipe)
    longer = recipe.model_copy(update={"updates": 6})
    with pytest.raises(DataError, match="another recipe or dataset"):
        train(trained.data, tmp_path, DATASET, NETWORK, longer)
    assert train(trained.data, tmp_path, DATASET, NETWORK, longer, restart=True).updates == 6


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"x" * 99])
def test_a_corrupt_checkpoint_is_an_error(trained: Trained, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    recipe = TRAINING.model_copy(update={"updates": 2})
    train(trained.data, tmp_path, DATASET, NETWORK, recipe)
    path = tmp_path / CHECKPOINT_FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="not a checkpoint"):
        train(trained.data, tmp_path, DATASET, NETWORK, recipe)


def test_a_missing_dataset_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError, match="generate-dataset"):
        train(tmp_path, tmp_path / "out", DATASET, NETWORK, TRAINING)


def test_it_starts_from_given_weights(trained: Trained, tmp_path: Path) -> None:
    still = TRAINING.model_copy(
        update={"updates": 1, "learning_rate": 1e-30, "average_decay": 0.0, "validate_every": 1}
    )
    model = trained.output / "model.npz"
    first = train(trained.data, tmp_path, DATASET, NETWORK, still, initial=model)
    assert first.best_loss == pytest.approx(trained.summary.best_loss, abs=1e-5)
    # Where it starts is part of what a training is: none of the others goes on with it.
    with pytest.raises(DataError, match="another recipe or dataset"):
        train(trained.data, tmp_path, DATASET, NETWORK, still)
    other = tmp_path / "other.npz"
    write_model(other, Network(NETWORK, read_model(model).vocabulary_size))
    with pytest.raises(DataError, match="another recipe or dataset"):
        train(trained.data, tmp_path, DATASET, NETWORK, still, initial=other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ffn": 32}, "ffn 64, not 32"),
        ({"heads": 2}, "heads 4, not 2"),
        ({"encoder_layers": 2}, "encoder_layers 1, not 2"),
    ],
)
def test_initial_weights_of_another_shape_are_refused(
    trained: Trained, tmp_path: Path, change: dict[str, int], message: str
) -> None:
    network = NETWORK.model_copy(update=change)
    with pytest.raises(DataError, match=message):
        train(
            trained.data,
            tmp_path,
            DATASET,
            network,
            TRAINING,
            initial=trained.output / "model.npz",
        )


def test_initial_weights_of_another_vocabulary_are_refused(
    trained: Trained, tmp_path: Path
) -> None:
    model, small = trained.output / "model.npz", DATASET.model_copy(update={"lexicon_size": 2})
    found = read_model(model)
    write_model(tmp_path / "more.npz", Network(found.recipe, found.vocabulary_size + 3))
    with pytest.raises(DataError, match="vocabulary_size"):
        train(trained.data, tmp_path, small, NETWORK, TRAINING, initial=tmp_path / "more.npz")


def test_it_goes_on_with_the_vocabulary_of_the_model_it_starts_from(
    trained: Trained, tmp_path: Path
) -> None:
    # Other text: counted anew, its commonest words would be others.
    data = tmp_path / "data"
    write_raw(data, pairs=40)
    lines = raw_paths(data, "python", "train")[0].read_text()
    raw_paths(data, "python", "train")[0].write_text(lines.replace("get", "name"))
    lexicon = read_lexicon(find_lexicon(trained.folder))
    build_dataset(data, "python", "auto-style", DATASET, seed=3, lexicon=lexicon)
    still = TRAINING.model_copy(update={"updates": 1, "learning_rate": 1e-30, "validate_every": 1})
    output = tmp_path / "training"
    vocabulary = load_vocabulary(trained.output)
    train(
        data,
        output,
        DATASET,
        NETWORK,
        still,
        initial=trained.output / "model.npz",
        vocabulary=vocabulary,
    )
    assert load_vocabulary(output).tokens == vocabulary.tokens


def test_initial_weights_that_are_missing(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(MissingPartError):
        train(trained.data, tmp_path, DATASET, NETWORK, TRAINING, initial=tmp_path / "no.npz")


def test_learning_rates() -> None:
    recipe = TrainingRecipe(
        updates=100, batch_tokens=1, learning_rate=2.0, warmup=10, validate_every=1, save_every=1
    )
    assert learning_rate(recipe, 0) == pytest.approx(0.2)
    assert learning_rate(recipe, 9) == pytest.approx(2.0)
    assert learning_rate(recipe, 39) == pytest.approx(1.0)
    for schedule in ("linear", "cosine"):
        falling = recipe.model_copy(update={"schedule": schedule})
        rates = [learning_rate(falling, update) for update in range(10, 100)]
        assert rates == sorted(rates, reverse=True)
        assert rates[0] == pytest.approx(2.0)
        assert 0 < rates[-1] < 0.05
