"""`maestro models`: which versions are in use, and how they get there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from arqon_maestro.errors import EXIT_FAILED, MissingPartError, UsageError
from arqon_maestro.library import Library, library_root, source_root
from arqon_maestro.models.download import download as fetch_pinned
from arqon_maestro.models.install import Installed, key_of_tarball
from arqon_maestro.models.install import install as install_tarball
from arqon_maestro.models.keys import MODEL_KEYS, ModelKey, parse_key
from arqon_maestro.models.manifest import CARD_NAME
from arqon_maestro.models.registry import EMBEDDED, library_registry, read_registry, set_version
from arqon_maestro.models.tarball import read_label
from arqon_maestro.models.verify import verify as verify_model
from arqon_maestro.models.version import ARCHIVE_SUFFIX, installed_version, is_version
from arqon_maestro.progress import StreamReporter

SCHEMA_VERSION = 1

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="List, download, install, use, verify models.",
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", help="Which model it is, e.g. code-engine/export/auto-style/python."),
]


def pins_path() -> Path:
    """Returns the checkout's list of versions."""
    return source_root() / "config" / "models.yaml"


def _library() -> Library:
    return Library(library_root())


def _print_json(**content: Any) -> None:
    typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, **content}, indent=1))


@app.command("list")
def list_models(as_json: Json = False) -> None:
    """Shows every model: the pinned version, the installed one, the tarballs that lie there."""
    library, pins = _library(), read_registry(pins_path())
    recorded = library_registry(library)
    rows = []
    for key in MODEL_KEYS:
        folder = key.folder(library)
        tarballs = sorted(folder.glob(f"*{ARCHIVE_SUFFIX}")) if folder.is_dir() else []
        rows.append(
            {
                "model": key.path,
                "pinned": pins.version(key),
                "installed": installed_version(folder),
                "recorded": recorded.version(key),
                "tarballs": [tarball.name for tarball in tarballs],
            }
        )
    if as_json:
        _print_json(library=str(library.root), url=pins.url, models=rows)
        return
    width = max(len(key.path) for key in MODEL_KEYS)
    typer.echo(f"{'model':{width}}  {'installed':40}  pinned")
    for row in rows:
        if row["pinned"] or row["installed"]:
            installed = row["installed"] or "-"
            typer.echo(f"{row['model']:{width}}  {installed:40}  {row['pinned'] or '-'}")
    left = sum(1 for row in rows if not row["pinned"] and not row["installed"])
    if left:
        typer.echo(f"{left} models are neither installed nor pinned (all with --json)", err=True)


@app.command()
def download(
    models: Annotated[list[str] | None, typer.Argument(help="Only these; default: all.")] = None,
    url: Annotated[str | None, typer.Option(help="http, https or file base URL.")] = None,
    as_json: Json = False,
) -> None:
    """Fetches and installs the versions that config/models.yaml names."""
    keys = [parse_key(model) for model in models] if models else list(MODEL_KEYS)
    reporter = StreamReporter()
    outcomes = fetch_pinned(
        read_registry(pins_path()), _library(), url=url, keys=keys, reporter=reporter
    )
    for outcome in outcomes:
        _warn(outcome.key, outcome.warnings)
    if as_json:
        _print_json(
            models=[
                {"model": o.key.path, "version": o.version, "action": o.action} for o in outcomes
            ]
        )
        return
    for outcome in outcomes:
        typer.echo(f"{outcome.key.path}  {outcome.version}  {outcome.action}")
    if not outcomes:
        reporter.say("config/models.yaml names no version to fetch; `maestro train` makes models")


@app.command()
def install(
    tarball: Annotated[Path, typer.Argument(help="A <version>.tar.gz.")],
    model: ModelOption = None,
    as_json: Json = False,
) -> None:
    """Checks a tarball and installs it in the library root; config/models.yaml stays."""
    _show_installed(_install(tarball, model), as_json)


@app.command()
def use(
    tarball: Annotated[str, typer.Argument(help="A tarball, or the version of one installed.")],
    model: ModelOption = None,
    as_json: Json = False,
) -> None:
    """Installs a tarball and writes its version into config/models.yaml."""
    path = pins_path()
    read_registry(path)  # an unusable file is found before anything is installed
    if tarball == EMBEDDED:
        key = parse_key(model or "speech-engine/acoustic-model")
        set_version(path, key, EMBEDDED)
        typer.echo(f"{key.path}  {EMBEDDED}")
        return
    done = _install(_tarball_named(tarball, model), model)
    set_version(path, done.key, done.version)
    _show_installed(done, as_json)


@app.command()
def verify(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Tarballs or folders; default: all installed.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Checks every file against the manifest, and the version against the content."""
    library = _library()
    targets = paths or [
        key.folder(library) for key in MODEL_KEYS if installed_version(key.folder(library))
    ]
    if not targets:
        raise MissingPartError(
            "no model is installed",
            where=library.models,
            remedy="make train, or maestro models download",
        )
    rows = []
    for target in targets:
        checked = verify_model(target)
        rows.append(
            {
                "path": str(target),
                "version": checked.version,
                "files": len(checked.records),
                "sound": not checked.problems,
                "problems": list(checked.problems),
                "warnings": list(checked.warnings),
            }
        )
        if not as_json:
            verdict = "sound" if not checked.problems else "NOT SOUND"
            typer.echo(f"{target}  {checked.version}  {len(checked.records)} files  {verdict}")
            for line in (*checked.problems, *checked.warnings):
                typer.echo(f"  {line}")
    if as_json:
        _print_json(checked=rows)
    return EXIT_FAILED if any(not row["sound"] for row in rows) else 0


@app.command()
def card(
    model: Annotated[str, typer.Argument(help="A tarball, an installed folder, or a model's key.")],
    as_json: Json = False,
) -> None:
    """Prints the model card (with --json: the manifest)."""
    path = Path(model)
    if not path.exists():
        key = parse_key(model)
        folder = key.folder(_library())
        version = installed_version(folder)
        if version is None:
            raise MissingPartError(f"the model {key} is not installed", where=folder)
        path = folder / f"{version}{ARCHIVE_SUFFIX}"
    elif path.is_dir():
        path = path / f"{installed_version(path)}{ARCHIVE_SUFFIX}"
    label = read_label(path)
    if as_json:
        content = None if label.manifest is None else label.manifest.model_dump(mode="json")
        _print_json(version=label.version, manifest=content)
        return
    if label.card is None:
        raise MissingPartError(f"no {CARD_NAME} in this archive", where=path)
    typer.echo(label.card.rstrip())


def _install(tarball: Path, model: str | None) -> Installed:
    key = parse_key(model) if model else key_of_tarball(tarball)
    done = install_tarball(tarball, _library(), key)
    _warn(done.key, done.warnings)
    return done


def _tarball_named(name: str, model: str | None) -> Path:
    """Returns a path as it is; for a bare version, the tarball of it in the library."""
    if not is_version(name) or Path(name).exists():
        return Path(name)
    library = _library()
    keys = (parse_key(model),) if model else MODEL_KEYS
    found = [
        tarball
        for key in keys
        if (tarball := key.folder(library) / f"{name}{ARCHIVE_SUFFIX}").is_file()
    ]
    if not found:
        raise MissingPartError(f"no tarball of version {name}", where=library.models)
    if len(found) > 1:
        raise UsageError(f"version {name} lies in several places", remedy="say which with --model")
    return found[0]


def _show_installed(done: Installed, as_json: bool) -> None:
    if as_json:
        _print_json(model=done.key.path, version=done.version, changed=done.changed)
        return
    typer.echo(f"{done.key.path}  {done.version}  {'installed' if done.changed else 'present'}")


def _warn(key: ModelKey, warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        typer.echo(f"warning: {key.path}: {warning}", err=True)
