"""The step that fetches the model a fine-tuning goes on from, whatever form it has.

Its files are copied, so that nothing changes under a running training.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import copy_file, read_json, sha256_file, write_json
from arqon_maestro.code_engine.engine import MODEL_FILE
from arqon_maestro.code_engine.export import export_model
from arqon_maestro.code_engine.starting_model import StartingModel, open_starting_model
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.library import Library
from arqon_maestro.models.card import Card, render_card
from arqon_maestro.models.extraction import extract
from arqon_maestro.models.install import require_installed
from arqon_maestro.models.keys import ModelKey, code_key
from arqon_maestro.models.manifest import MANIFEST_NAME
from arqon_maestro.models.tarball import pack
from arqon_maestro.models.verify import verify_folder
from arqon_maestro.models.version import (
    ARCHIVE_SUFFIX,
    VERSION_NAME,
    installed_version,
    version_in_name,
)
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.steps import Outcome, Step, Work

INSTALLED = "installed"
BASE_FACT = "base"
"""The fact in a tuned model's manifest that says which model it was made from."""
RECORD_FILE = "base.json"
KEPT_FACTS = ("configuration", "data", "scores", BASE_FACT)


@dataclass(frozen=True)
class Place:
    """Where a base was found: weights with their neighbours, or a tarball."""

    weights: Path | None = None
    tarball: Path | None = None


def base_folder(library: Library, model: str, language: str) -> Path:
    """Returns where the base's files lie after `freeze_base`."""
    return library.tuning(model, language) / "base"


def model_folder(library: Library, model: str, language: str) -> Path:
    """Returns where a tuned model lies: weights, vocabulary, and how the blend was chosen."""
    return library.tuning(model, language) / "model"


def base_record(library: Library, model: str, language: str) -> dict[str, Any]:
    """Returns the base's version, the digest of its weights, and what its manifest says."""
    record: dict[str, Any] = read_json(base_folder(library, model, language) / RECORD_FILE)
    return record


def find_base(library: Library, key: ModelKey, named: str) -> Place:
    """Finds the model that ``--from`` names.

    ``installed`` is the installed model. If that is a tuned one, it is the model it was made from:
    the same command once more gives the same model, and with more code one that starts afresh.

    Raises:
        MissingPartError: there is no such file, folder or installed model, or no model in it.
        DataError: neither a folder, nor a tarball, nor weights.
    """
    if named == INSTALLED:
        folder = require_installed(library, key)
        base = _manifest(folder).get(BASE_FACT)
        return _earlier(folder, base) if base else _in_folder(folder)
    path = Path(named).expanduser()
    if not path.exists():
        raise MissingPartError(
            "no such model",
            where=named,
            remedy=f"--from {INSTALLED}, a folder, a tarball, or a {MODEL_FILE}",
        )
    if path.is_dir():
        return _in_folder(path)
    if path.name.endswith(ARCHIVE_SUFFIX):
        return Place(tarball=path)
    if path.suffix == ".npz":
        return Place(weights=path)
    raise DataError(
        "not a model", where=path, remedy=f"a folder, a tarball ({ARCHIVE_SUFFIX}), or an .npz"
    )


def _in_folder(folder: Path) -> Place:
    """Returns the tarball of an installed model, or the weights of any other folder."""
    tarball = folder / f"{installed_version(folder)}{ARCHIVE_SUFFIX}"
    if tarball.is_file():
        return Place(tarball=tarball)
    return Place(weights=folder / MODEL_FILE)


def _earlier(folder: Path, base: Mapping[str, Any]) -> Place:
    tarball = folder / f"{base['version']}{ARCHIVE_SUFFIX}"
    if tarball.is_file():
        return Place(tarball=tarball)
    raise MissingPartError(
        "the installed model was itself tuned, and what it was made from is not here",
        where=tarball,
        remedy=f"name that model with --from, or go on from the tuned one: --from {folder}",
    )


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return {}
    manifest: dict[str, Any] = read_json(path)
    return manifest


def freeze_base(pipeline: Pipeline, model: str, language: str, named: str) -> Outcome:
    """Copies the base's files into the library and checks them.

    Raises:
        MissingPartError: the model or a part of it is missing.
        DataError: it is not a model of this kind and language, or its parts do not fit.
        IntegrityError: a tarball is not what it promises.
    """
    key = code_key(model, language)
    place = find_base(pipeline.library, key, named)
    if place.tarball is not None:
        inputs = {"tarball": place.tarball}
    else:
        assert place.weights is not None
        opened = open_starting_model(place.weights, model, language)
        inputs = {
            "weights": opened.weights,
            "vocabulary": opened.vocabulary_file,
            "lexicon": opened.lexicon_file,
        }
        for name in (VERSION_NAME, MANIFEST_NAME):
            if (place.weights.parent / name).is_file():
                inputs[name] = place.weights.parent / name

    def action(work: Work) -> None:
        weights, tarball = place.weights, place.tarball
        if tarball is not None:
            unpacked = work.scratch / "unpacked"
            shutil.rmtree(unpacked, ignore_errors=True)
            unpacked.mkdir()
            extract(tarball, unpacked)
            verify_folder(unpacked, name_version=version_in_name(tarball)).require_sound(tarball)
            weights = unpacked / MODEL_FILE
        assert weights is not None
        manifest = _manifest(weights.parent)
        _check_key(manifest, key, tarball or weights)
        base = open_starting_model(weights, model, language)
        folder = work.output("base")
        _copy(base, folder)
        version = installed_version(weights.parent) or (tarball and version_in_name(tarball))
        facts = {name: manifest[name] for name in KEPT_FACTS if name in manifest}
        if version is not None and tarball is not None:
            copy_file(tarball, folder / f"{version}{ARCHIVE_SUFFIX}")
        else:
            # What has no version gets one, so that it can be installed again.
            version = _pack(folder, work.scratch / "pack", key, facts)
        write_json(
            folder / RECORD_FILE,
            {
                "version": version,
                "weights_sha256": sha256_file(folder / MODEL_FILE),
                "shape": base.shape.model_dump(mode="json"),
                "manifest": facts,
            },
        )
        work.note("version", version)

    folder = base_folder(pipeline.library, model, language)
    return pipeline.runner.run(
        Step(
            name=f"tune-base/{model}/{language}",
            version=1,
            action=action,
            inputs=inputs,
            outputs={"base": folder},
            manifest=folder.with_name("base.step.json"),
        )
    )


def _check_key(manifest: Mapping[str, Any], key: ModelKey, where: Path) -> None:
    if manifest and manifest.get("model", key.path) != key.path:
        raise DataError(
            f"a model for {manifest['model']}, not for {key}",
            where=where,
            remedy="check --model, --language and --from",
        )


def _copy(base: StartingModel, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    copy_file(base.weights, folder / MODEL_FILE)
    copy_file(base.vocabulary_file, folder / base.vocabulary_file.name)
    copy_file(base.lexicon_file, folder / base.lexicon_file.name)


def _pack(folder: Path, scratch: Path, key: ModelKey, facts: Mapping[str, Any]) -> str:
    """Packs the base's files into a tarball beside them; returns its version."""
    *_, model, language = key.parts
    shutil.rmtree(scratch, ignore_errors=True)
    export_model(folder, folder, scratch, model, language)
    card = Card(
        title=f"{model}, {language}",
        what="A model from elsewhere, packed as the base of a fine-tuned one.",
        limits=["How it was made is not known here."],
    )
    packed = pack(scratch, folder, {**facts, "model": key.path}, render_card(card))
    return packed.version
