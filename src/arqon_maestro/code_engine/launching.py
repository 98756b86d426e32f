"""Where a training runs: on the processor, on one GPU or several, under torchrun, on Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from arqon_maestro.code_engine.devices import CPU, Execution, check_gpus, gpu_execution
from arqon_maestro.code_engine.recipe import DatasetRecipe, NetworkRecipe, TrainingRecipe
from arqon_maestro.code_engine.training import TrainingSummary, train
from arqon_maestro.code_engine.vocabulary import load_vocabulary
from arqon_maestro.errors import UsageError
from arqon_maestro.executors.processes import ALONE, Group, joined, run_as_group
from arqon_maestro.progress import SILENT, Reporter

_TORCHRUN = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class TrainingJob:
    """A training, as every process that takes part is told; the fields are those of `train`.

    With `initial` the vocabulary beside that model is used.
    """

    data: Path
    output: Path
    dataset: DatasetRecipe
    network: NetworkRecipe
    training: TrainingRecipe
    threads: int = 1
    time_limit_s: float | None = None
    initial: Path | None = None
    label: str = "training"

    def run(self, gpu: int | None, group: Group, reporter: Reporter) -> TrainingSummary:
        """Trains in this process.

        Args:
            gpu: which of this machine's GPUs; None for the processor.
            group: the processes that train it together.
            reporter: shows progress, of the first process alone.
        """
        return train(
            self.data,
            self.output,
            self.dataset,
            self.network,
            self.training,
            threads=self.threads,
            execution=self._execution(gpu, group),
            group=group,
            time_limit_s=self.time_limit_s,
            initial=self.initial,
            vocabulary=load_vocabulary(self.initial.parent) if self.initial else None,
            label=self.label,
            reporter=reporter if group.leads else SILENT,
        )

    def _execution(self, gpu: int | None, group: Group) -> Execution:
        if gpu is None:
            return CPU
        return gpu_execution(gpu, self.training.batch_tokens // group.processes)


Trainer = Callable[[TrainingJob, Reporter], TrainingSummary]
"""Runs a training somewhere."""


def local_trainer(gpus: int) -> Trainer:
    """Trains on this machine.

    On the processor each of a job's threads is a process of its own: threads of one process wait
    for one another in each of a network's many small operations, processes once an update.

    Args:
        gpus: 0 for the processor; with more than one, each has a process.

    Raises:
        UsageError, MissingPartError: see `check_gpus`.
    """
    check_gpus(gpus)

    def trainer(job: TrainingJob, reporter: Reporter) -> TrainingSummary:
        if gpus > 1:
            return run_on_processes(job, gpus, on_gpus=True, reporter=reporter)
        if not gpus and job.threads > 1:
            alone = replace(job, threads=1)
            return run_on_processes(alone, job.threads, on_gpus=False, reporter=reporter)
        return job.run(0 if gpus else None, ALONE, reporter)

    return trainer


@dataclass(frozen=True)
class _Share:
    """What one of several processes does."""

    job: TrainingJob
    on_gpus: bool

    def __call__(self, group: Group, reporter: Reporter) -> TrainingSummary:
        return self.job.run(group.rank if self.on_gpus else None, group, reporter)


def run_on_processes(
    job: TrainingJob, processes: int, *, on_gpus: bool, reporter: Reporter = SILENT
) -> TrainingSummary:
    """Trains with several processes of this machine; an error in one ends all.

    Raises:
        MaestroError: that error.
        KeyboardInterrupt: on SIGINT or SIGTERM, after saving a checkpoint.
    """
    return run_as_group(_Share(job, on_gpus), processes, on_gpus=on_gpus, reporter=reporter)


@dataclass(frozen=True)
class Place:
    """A process' place among those that torchrun started.

    Attributes:
        rank: its number among all.
        local_rank: its number on this machine.
        processes: how many there are.
        processes_here: how many there are on this machine.
    """

    rank: int
    local_rank: int
    processes: int
    processes_here: int


def torchrun_place(environment: Mapping[str, str]) -> Place | None:
    """Returns this process' place; None if torchrun did not start it."""
    if not all(name in environment for name in _TORCHRUN):
        return None
    return Place(*(int(environment[name]) for name in _TORCHRUN[:4]))


@contextmanager
def _gathered(place: Place, gpus: int) -> Iterator[tuple[Group, int | None]]:
    if gpus not in (0, place.processes_here):
        raise UsageError(
            f"{gpus} GPUs for {place.processes_here} processes of this machine",
            where="--gpus",
            remedy=f"--gpus {place.processes_here}, one a process, or 0 for the processor",
        )
    check_gpus(gpus)
    gpu = place.local_rank if gpus else None
    _choose(gpu)
    with joined(place.rank, place.processes, "env://", on_gpus=gpu is not None) as group:
        yield group, gpu


@contextmanager
def lead(place: Place, gpus: int) -> Iterator[Trainer]:
    """Yields what trains with all processes of torchrun, for the first of them.

    Args:
        place: the place of the first process.
        gpus: GPUs of this machine that are used: one a process, or none.

    Raises:
        UsageError: another number of GPUs.
        MissingPartError: there are fewer.
    """
    with _gathered(place, gpus) as (group, gpu):
        busy = False

        def trainer(job: TrainingJob, reporter: Reporter) -> TrainingSummary:
            nonlocal busy
            busy = True
            summary = group.shared(job).run(gpu, group, reporter)
            busy = False
            return summary

        try:
            yield trainer
        finally:
            # In the middle of a training the others would not listen; they notice that we leave.
            if not busy:
                group.shared(None)


def follow(place: Place, gpus: int) -> None:
    """Takes part in the trainings that the first process of torchrun leads, until it ends.

    Raises:
        UsageError, MissingPartError: as `lead`.
    """
    with _gathered(place, gpus) as (group, gpu):
        job: TrainingJob | None = None
        while (job := group.shared(job)) is not None:
            job.run(gpu, group, SILENT)


@contextmanager
def trainer_for(place: Place | None, gpus: int, *, ray: bool = False) -> Iterator[Trainer]:
    """Yields what trains where a person asks for it.

    Args:
        place: the place of this process, the first, under torchrun.
        gpus: GPUs; under torchrun those of this machine, on Ray those of the cluster.
        ray: train on Ray.

    Raises:
        UsageError: torchrun and Ray at once, or a number of GPUs that cannot be.
        MissingPartError: there are fewer GPUs, or Ray is not installed.
    """
    if ray:
        if place is not None:
            raise UsageError("torchrun starts the processes, or Ray does", where="--ray")
        from arqon_maestro.code_engine.ray_training import ray_trainer

        yield ray_trainer(max(1, gpus), on_gpus=gpus > 0)
    elif place is not None:
        with lead(place, gpus) as trainer:
            yield trainer
    else:
        yield local_trainer(gpus)


def _choose(gpu: int | None) -> None:
    """Makes a GPU this process' own before it talks to the others."""
    if gpu is not None:
        import torch

        torch.cuda.set_device(gpu)
