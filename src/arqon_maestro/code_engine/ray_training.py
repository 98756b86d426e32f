"""Training on a Ray cluster: Ray Train places the processes and connects them, no more."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from arqon_maestro.code_engine.processes import Group
from arqon_maestro.code_engine.training import TrainingSummary
from arqon_maestro.errors import MissingPartError, WorkFailedError
from arqon_maestro.progress import SILENT, Reporter

if TYPE_CHECKING:
    from arqon_maestro.code_engine.launching import Trainer, TrainingJob

SUMMARY = "summary"


def ray_trainer(workers: int, *, on_gpus: bool) -> Trainer:
    """Trains with Ray's workers, which must see the same folders as this process.

    Args:
        workers: processes, one a GPU.
        on_gpus: whether they compute on GPUs.

    Raises:
        MissingPartError: Ray is not installed.
    """
    try:
        import ray.train
        import ray.train.torch
    except ImportError as error:
        raise MissingPartError(
            "Ray is not installed", why=str(error), remedy="pip install -e '.[ray]'"
        ) from None

    def trainer(job: TrainingJob, reporter: Reporter) -> TrainingSummary:
        reporter.say(f"{job.label}: {workers} workers of Ray")
        here = replace(job, data=job.data.absolute(), output=job.output.absolute())

        def work() -> None:
            context = ray.train.get_context()
            group = Group(context.get_world_rank(), context.get_world_size())
            device = ray.train.torch.get_device()
            summary = here.run(device.index if on_gpus else None, group, SILENT)
            ray.train.report({SUMMARY: asdict(summary)})

        scaling = ray.train.ScalingConfig(num_workers=workers, use_gpu=on_gpus)
        try:
            result: Any = ray.train.torch.TorchTrainer(work, scaling_config=scaling).fit()
        except Exception as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            raise WorkFailedError(
                "the training on Ray failed",
                where=job.output,
                why=lines[-1].strip() if lines else type(error).__name__,
                remedy="the same command goes on from the last checkpoint",
            ) from error
        return TrainingSummary(**result.metrics[SUMMARY])

    return trainer
