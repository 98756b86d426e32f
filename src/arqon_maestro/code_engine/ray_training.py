"""Training on a Ray cluster: Ray Train places the processes and connects them, no more."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from arqon_maestro.artifacts import read_json, write_json
from arqon_maestro.code_engine.training import TrainingSummary
from arqon_maestro.errors import MissingPartError, WorkFailedError
from arqon_maestro.executors.processes import Group
from arqon_maestro.executors.side_by_side import PeerLostError
from arqon_maestro.progress import SILENT, Reporter

if TYPE_CHECKING:
    from arqon_maestro.code_engine.launching import Trainer, TrainingJob

SUMMARY_FILE = "summary.json"


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
        # Ray brings back nothing of workers that save nothing with it.
        summary_file = here.output / SUMMARY_FILE

        def work() -> None:
            context = ray.train.get_context()
            group = Group(context.get_world_rank(), context.get_world_size())
            device = ray.train.torch.get_device()
            summary = here.run(device.index if on_gpus else None, group, SILENT)
            if group.leads:
                write_json(summary_file, asdict(summary))

        scaling = ray.train.ScalingConfig(num_workers=workers, use_gpu=on_gpus)
        try:
            ray.train.torch.TorchTrainer(work, scaling_config=scaling).fit()
        except Exception as error:
            raise WorkFailedError(
                "the training on Ray failed",
                where=job.output,
                why=_reason(str(error)) or type(error).__name__,
                remedy="the same command goes on from the last checkpoint",
            ) from error
        summary = TrainingSummary(**read_json(summary_file))
        summary_file.unlink()
        return summary

    return trainer


def _reason(text: str) -> str:
    """Returns the line of a worker's traceback that names our own error; else the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith("arqon_maestro.")]
    causes = [line for line in ours if PeerLostError.__name__ not in line]
    return [*lines[-1:], *ours[:1], *causes[:1]][-1] if lines else ""
