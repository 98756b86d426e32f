"""The steps from features to an acoustic model: training, and the model's files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arqon_maestro.artifacts import read_json
from arqon_maestro.config import AcousticRecipe
from arqon_maestro.models.card import Card, render_card
from arqon_maestro.models.install import Installed, install
from arqon_maestro.models.registry import ACOUSTIC_MODEL
from arqon_maestro.models.tarball import pack
from arqon_maestro.pipeline.code_engine import archive_in
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.provenance import data_of, data_rows
from arqon_maestro.pipeline.speech_features import (
    FEATURES_FOLDER,
    FEATURES_MANIFEST,
    PRONUNCIATIONS_FILE,
    acoustic_folder,
)
from arqon_maestro.speech_engine.acoustic.mfcc_options import default_options
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.steps import Outcome, Step, Work

if TYPE_CHECKING:
    from arqon_maestro.speech_engine.acoustic.training.loop import TrainingSettings
    from arqon_maestro.speech_engine.acoustic.training.network import TdnnShape

TRAINING_FOLDER, ARCHIVE_FOLDER = "training", "archive"
TRAINING_MANIFEST, MODEL_MANIFEST = "training.manifest.json", "model.manifest.json"


def shape_and_settings(recipe: AcousticRecipe, seed: int) -> tuple[TdnnShape, TrainingSettings]:
    """Returns what a recipe says of the network and of its training."""
    from arqon_maestro.speech_engine.acoustic.training.loop import TrainingSettings
    from arqon_maestro.speech_engine.acoustic.training.network import TdnnShape
    from arqon_maestro.speech_engine.acoustic.training.perturbation import PerturbationRanges

    settings = TrainingSettings(
        epochs=recipe.epochs,
        batch_frames=recipe.batch_frames,
        batch_parts=recipe.batch_parts,
        turning_rate=recipe.turning_rate,
        learning_rate=recipe.learning_rate,
        perturbation=PerturbationRanges() if recipe.perturb else None,
        seed=seed,
    )
    return TdnnShape(dim=recipe.dim, slow_layers=recipe.slow_layers), settings


def train_network(pipeline: Pipeline, *, adapt: Path | None = None) -> Outcome:
    """Trains the network on the features.

    Args:
        pipeline: see `Pipeline`.
        adapt: a model's folder, made by this program, to start from.
    """
    from arqon_maestro.speech_engine.acoustic.training.launching import (
        TrainingJob,
        run_on_processes,
    )

    recipe, seed = pipeline.recipe.speech_engine.acoustic, pipeline.recipe.seed
    folder = acoustic_folder(pipeline)
    phones = PhoneSet(recipe.position_dependent)
    shape, chosen = shape_and_settings(recipe, seed)

    def action(work: Work) -> None:
        output = work.output("training")
        output.mkdir(parents=True, exist_ok=True)
        job = TrainingJob(
            features=work.input("features"),
            pronunciations=work.input("pronunciations"),
            output=output,
            scratch=work.scratch,
            phones=phones,
            shape=shape,
            settings=chosen,
            adapt=None if adapt is None else work.input("adapt"),
        )
        made = run_on_processes(job, recipe.threads, work.reporter)
        work.rejects.update(made.rejects)
        work.count("updates", made.updates)
        work.notes.update(made.scores)

    inputs = {
        "features": folder / FEATURES_FOLDER,
        "pronunciations": folder / PRONUNCIATIONS_FILE,
    }
    if adapt is not None:
        inputs["adapt"] = adapt
    return pipeline.runner.run(
        Step(
            name="acoustic/training",
            version=3,
            action=action,
            inputs=inputs,
            outputs={"training": folder / TRAINING_FOLDER},
            manifest=folder / TRAINING_MANIFEST,
            configuration={
                "settings": asdict(chosen),
                "shape": asdict(shape),
                "position_dependent": recipe.position_dependent,
            },
            libraries=("numpy", "torch"),
            resumable=True,
        )
    )


def export_model(pipeline: Pipeline) -> tuple[Outcome, Installed | None]:
    """Writes the trained network as a Kaldi model, packs it into a tarball and installs that.

    Returns:
        The step's outcome, and what was installed; None in a dry run.
    """
    folder = acoustic_folder(pipeline)
    phones = PhoneSet(pipeline.recipe.speech_engine.acoustic.position_dependent)

    def action(work: Work) -> None:
        import torch

        from arqon_maestro.speech_engine.acoustic.training.bundle_writer import write_model
        from arqon_maestro.speech_engine.acoustic.training.launching import NETWORK_FILE
        from arqon_maestro.speech_engine.acoustic.training.network import Tdnn, TdnnShape

        saved = torch.load(work.input("training") / NETWORK_FILE, weights_only=True)
        shape = TdnnShape(**saved["shape"])
        network = Tdnn(default_options().num_ceps, phones.num_pdfs, shape)
        network.load_state_dict(saved["weights"])
        network.eval()
        unpacked = work.scratch / "unpacked"
        unpacked.mkdir(parents=True, exist_ok=True)
        write_model(unpacked, network, phones, default_options())
        facts, card = _facts(pipeline)
        packed = pack(unpacked, work.output("archive"), facts, card)
        work.note("version", packed.version)
        work.count("parameters", sum(value.numel() for value in network.parameters()))

    outcome = pipeline.runner.run(
        Step(
            name="acoustic/model",
            version=1,
            action=action,
            inputs={"training": folder / TRAINING_FOLDER},
            outputs={"archive": folder / ARCHIVE_FOLDER},
            manifest=folder / MODEL_MANIFEST,
            configuration={"position_dependent": phones.position_dependent},
            libraries=("numpy", "torch"),
        )
    )
    if outcome.status == "would run":
        return outcome, None
    return outcome, install(archive_in(folder / ARCHIVE_FOLDER), pipeline.library, ACOUSTIC_MODEL)


def _facts(pipeline: Pipeline) -> tuple[dict[str, Any], str]:
    """Returns what the tarball's manifest says of the model, and its card."""
    folder = acoustic_folder(pipeline)
    features = read_json(folder / FEATURES_MANIFEST)
    training = read_json(folder / TRAINING_MANIFEST)
    counts = features["counts"]
    hours = counts.get("train frames", 0) * default_options().frame_shift / 1000 / 3600
    amount = f"{counts.get('train utterances', 0)} utterances, {hours:.2f} h"
    data: dict[str, Any] = {}
    rows = []
    if "text" in features["inputs"]:
        languages = read_json(pipeline.library.lm / "corpus.manifest.json")["configuration"][
            "shares"
        ]
        data = data_of(pipeline.library, sorted(languages))
        rows = [(f"text: {name}", licence, size) for name, licence, size in data_rows(data)]
        rows.append(("voices of flite and espeak-ng that say it", "BSD-like; GPL-3.0", amount))
    recordings = sum(name.startswith("recordings") for name in features["inputs"])
    if recordings:
        rows.append((f"recordings: {recordings} sets", "their own", amount))
    notes = training["notes"]
    names = {
        "utterances": "held-out utterances",
        "phone_error_rate": "phone error rate on them, with a trigram of phones alone",
        "objective": "objective a frame on them",
    }
    scores = {name: notes[key] for key, name in names.items() if key in notes}
    facts = {
        "model": ACOUSTIC_MODEL.path,
        "configuration": training["configuration"],
        "data": {
            name: {"licence": "see the card", "amount": value} for name, value in data.items()
        },
        "scores": scores,
        "libraries": training["libraries"],
    }
    limits = ["US English, 16 kHz."]
    if not recordings:
        limits.insert(0, "Heard only synthetic voices: people are harder to recognise. For tests.")
    card = render_card(
        Card(
            title="acoustic model",
            what="A Kaldi chain model (TDNN, left biphones) of 40 MFCC without i-vectors.",
            data=rows,
            scores=scores,
            limits=limits,
            made="`maestro speech-engine train-acoustic`.",
        )
    )
    return facts, card
