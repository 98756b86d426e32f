"""Several processes train as one does: the same batches, the same weights within rounding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from arqon_maestro.code_engine.journal import LOG_FILE
from arqon_maestro.code_engine.launching import (
    Place,
    TrainingJob,
    follow,
    local_trainer,
    run_on_processes,
    torchrun_place,
    trainer_for,
)
from arqon_maestro.errors import DataError, MissingPartError, UsageError, WorkFailedError
from arqon_maestro.progress import SILENT

from .conftest import DATASET, NETWORK, SHORT

PLAIN = NETWORK.model_copy(update={"dropout": 0.0})
BRIEF = SHORT.model_copy(
    update={"updates": 30, "accumulation": 2, "validate_every": 10, "save_every": 12}
)


def job(dataset: Path, output: Path) -> TrainingJob:
    return TrainingJob(dataset, output, DATASET, PLAIN, BRIEF)


def curve(output: Path) -> list[tuple[float, ...]]:
    lines = [json.loads(line) for line in (output / LOG_FILE).read_text().splitlines()]
    return [(line["update"], line["valid_loss"]) for line in lines if "valid_loss" in line]


def assert_same_model(one: Path, other: Path) -> None:
    first, second = np.load(one / "model.npz"), np.load(other / "model.npz")
    assert set(first) == set(second)
    for name in first:
        # Biases of keys change nothing; Adam makes steps of the rounding of their gradients.
        if not name.endswith("_bk"):
            np.testing.assert_allclose(first[name], second[name], rtol=1e-3, atol=1e-4)


@pytest.fixture(scope="module")
def alone(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("alone")
    local_trainer(0)(job(dataset, output), SILENT)
    return output


@dataclass(frozen=True)
class Torchrun:
    """Runs this module under torchrun."""

    data: Path

    def __call__(self, output: Path, *extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
                *("--nproc-per-node", "2", "-m", "tests.code_engine.torchrun_member"),
                *(str(self.data), str(output), *extra),
            ],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        )


@pytest.mark.slow
def test_two_processes_of_torchrun_equal_one(dataset: Path, alone: Path, tmp_path: Path) -> None:
    done = Torchrun(dataset)(tmp_path)
    assert done.returncode == 0, done.stderr
    assert_same_model(tmp_path, alone)
    for (update, loss), (other_update, other) in zip(curve(tmp_path), curve(alone), strict=True):
        assert update == other_update
        assert loss == pytest.approx(other, abs=1e-4)


@pytest.mark.slow
def test_killed_under_torchrun_it_goes_on(dataset: Path, tmp_path: Path) -> None:
    torchrun = Torchrun(dataset)
    assert torchrun(tmp_path / "whole").returncode == 0
    for update in ("17", "25"):
        done = torchrun(tmp_path / "halves", "--kill-at", update)
        assert done.returncode != 0
        assert not (tmp_path / "halves" / "model.npz").exists()
    assert torchrun(tmp_path / "halves").returncode == 0
    first, second = (np.load(tmp_path / name / "model.npz") for name in ("whole", "halves"))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert curve(tmp_path / "whole") == curve(tmp_path / "halves")


@pytest.mark.slow
def test_an_error_in_one_ends_all_with_its_message(dataset: Path, tmp_path: Path) -> None:
    done = Torchrun(dataset)(tmp_path, "--fail-at", "5")
    assert done.returncode != 0
    assert "the second process fails on purpose" in done.stderr


@pytest.mark.slow
def test_each_core_of_a_recipe_is_a_process(dataset: Path, alone: Path, tmp_path: Path) -> None:
    local_trainer(0)(replace(job(dataset, tmp_path), threads=2), SILENT)
    assert_same_model(alone, tmp_path)


def test_cores_are_processes_of_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(
        "arqon_maestro.code_engine.launching.run_on_processes",
        lambda job, processes, **options: calls.append((job.threads, processes, options)),
    )
    local_trainer(0)(replace(job(tmp_path, tmp_path), threads=2), SILENT)
    assert calls == [(1, 2, {"on_gpus": False, "reporter": SILENT})]


@pytest.mark.slow
def test_processes_of_this_machine(dataset: Path, alone: Path, tmp_path: Path) -> None:
    summary = run_on_processes(job(dataset, tmp_path), 3, on_gpus=False)
    assert summary.updates == BRIEF.updates
    assert_same_model(tmp_path, alone)
    # All but the first wait for it to prepare the data, so it is the one that fails.
    broken = replace(job(dataset, tmp_path / "broken"), data=tmp_path / "nothing")
    with pytest.raises(MissingPartError, match="generate-dataset"):
        run_on_processes(broken, 2, on_gpus=False)
    (tmp_path / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(DataError, match="not a checkpoint"):
        run_on_processes(job(dataset, tmp_path), 2, on_gpus=False)
    wild = BRIEF.model_copy(update={"learning_rate": 1e30, "clip_norm": 0.0})
    with pytest.raises(WorkFailedError, match="batch 3 of epoch 0, batch 4 of epoch 0"):
        run_on_processes(replace(job(dataset, tmp_path / "wild"), training=wild), 2, on_gpus=False)


ENVIRONMENT = {
    "RANK": "3",
    "LOCAL_RANK": "1",
    "WORLD_SIZE": "4",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "localhost",
    "MASTER_PORT": "1",
}


def test_the_place_under_torchrun() -> None:
    assert torchrun_place(ENVIRONMENT) == Place(3, 1, 4, 2)
    assert torchrun_place({"RANK": "0", "WORLD_SIZE": "2"}) is None


def test_a_gpu_for_each_process_or_none() -> None:
    place = Place(0, 0, 4, 2)
    with pytest.raises(UsageError, match="1 GPUs for 2 processes"), trainer_for(place, 1):
        pass
    with pytest.raises(MissingPartError, match="2 GPUs asked for"):
        follow(place, 2)
    with pytest.raises(UsageError, match="or Ray does"), trainer_for(place, 0, ray=True):
        pass


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(MissingPartError, match=r"Ray is not installed"),
        trainer_for(None, 0, ray=True),
    ):
        pass


class FakeRay:
    """Stands in for Ray Train: runs the one worker here, and fails as Ray does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scaling: dict[str, object] = {}
        context = SimpleNamespace(get_world_rank=lambda: 0, get_world_size=lambda: 1)
        torch_part = SimpleNamespace(TorchTrainer=self.trainer, get_device=lambda: None)
        train = SimpleNamespace(
            get_context=lambda: context, ScalingConfig=self.scaling_config, torch=torch_part
        )
        for name, module in (
            ("ray", SimpleNamespace(train=train)),
            ("ray.train", train),
            ("ray.train.torch", torch_part),
        ):
            monkeypatch.setitem(sys.modules, name, module)

    def scaling_config(self, **values: object) -> dict[str, object]:
        self.scaling = values
        return values

    def trainer(self, work: Callable[[], None], scaling_config: object) -> SimpleNamespace:
        def fit() -> None:
            try:
                work()
            except Exception as error:
                kind = f"{type(error).__module__}.{type(error).__qualname__}"
                raise RuntimeError(f"Training failed:\n  {kind}: {error}") from error

        return SimpleNamespace(fit=fit)


def test_on_ray(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = FakeRay(monkeypatch)
    brief = BRIEF.model_copy(update={"updates": 2})
    with trainer_for(None, 0, ray=True) as trainer:
        work = replace(job(dataset, tmp_path / "ray"), training=brief)
        summary = trainer(work, SILENT)
        with pytest.raises(WorkFailedError, match=r"MissingPartError.*no such file"):
            trainer(replace(work, data=tmp_path / "nothing"), SILENT)
    assert ray.scaling == {"num_workers": 1, "use_gpu": False}
    assert summary.updates == 2
    assert (tmp_path / "ray" / "model.npz").is_file()
    assert not (tmp_path / "ray" / "summary.json").exists()
