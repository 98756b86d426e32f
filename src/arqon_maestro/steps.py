"""A step of the pipeline: fingerprinted, resumable, atomic.

A step's fingerprint is a hash of its name and version, its slice of the configuration, the contents
of its inputs and the versions of the libraries that matter. Unchanged: skipped. Changed: redone.
Interrupted: what its scratch folder holds is used again. The manifest is written last, so that a
killed process leaves either the old outputs with their manifest, or no claim at all.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from arqon_maestro.artifacts import (
    digest,
    digest_value,
    fsync_tree,
    read_json,
    replace,
    write_json,
)
from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.progress import SILENT, Reporter, clock

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"

Status = Literal["up to date", "done", "would run"]


@dataclass(frozen=True)
class Step:
    """What a step reads, makes and depends on.

    Attributes:
        name: shown and used for the scratch folder, e.g. ``corpus/python``.
        version: raised when the code changes what the step makes.
        inputs: name → file or folder whose content counts.
        outputs: name → file or folder that the step makes.
        manifest: where the record of the run is written; may lie inside an output folder.
        configuration: the slice of the recipe that the step reads, JSON-able.
        libraries: distributions whose version changes the output.
        action: does the work; writes to `Work.output(name)`.
        resumable: the action can go on from what it left in its scratch folder.
    """

    name: str
    version: int
    action: Callable[[Work], None]
    outputs: Mapping[str, Path]
    manifest: Path
    inputs: Mapping[str, Path] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()
    resumable: bool = False


class Work:
    """What an action is given: places to write, counters, progress."""

    def __init__(self, step: Step, scratch: Path, reporter: Reporter) -> None:
        self.step = step
        self.scratch = scratch
        self.reporter = reporter
        self.counts: Counter[str] = Counter()
        self.rejects: Counter[str] = Counter()
        self.notes: dict[str, Any] = {}

    def input(self, name: str) -> Path:
        """Returns the path of an input."""
        return self.step.inputs[name]

    def output(self, name: str) -> Path:
        """Returns where to write an output; it is moved to its place when the action ends well."""
        place = self.scratch / "out" / name / self.step.outputs[name].name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def count(self, name: str, amount: int = 1) -> None:
        """Adds to a counter of the manifest."""
        self.counts[name] += amount

    def reject(self, reason: str, amount: int = 1) -> None:
        """Counts something that was dropped, by reason."""
        self.rejects[reason] += amount

    def note(self, name: str, value: Any) -> None:
        """Records any JSON-able fact in the manifest."""
        self.notes[name] = value


@dataclass(frozen=True)
class Outcome:
    """What became of a step."""

    step: str
    status: Status
    seconds: float
    manifest: Mapping[str, Any]


def library_versions(names: tuple[str, ...]) -> dict[str, str]:
    """Returns the installed version of each distribution.

    Raises:
        MissingPartError: one is not installed.
    """
    versions = {}
    for name in sorted(names):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            raise MissingPartError(
                f"the library {name!r} is not installed", remedy="make setup"
            ) from None
    return versions


class Runner:
    """Runs steps in order over one library root.

    Args:
        root: the library root; scratch folders and locks lie in its ``.work``.
        force: run every step even if it is up to date.
        dry_run: only say what would run.
    """

    def __init__(
        self,
        root: Path,
        reporter: Reporter = SILENT,
        *,
        force: bool = False,
        dry_run: bool = False,
    ) -> None:
        self.root = root
        self.reporter = reporter
        self.force = force
        self.dry_run = dry_run
        self.outcomes: list[Outcome] = []
        self._digests: dict[tuple[str, tuple[tuple[str, int, int], ...]], str] = {}
        self._stale: set[Path] = set()
        self._finished: dict[str, Outcome] = {}

    def run(self, step: Step) -> Outcome:
        """Brings a step's outputs up to date.

        Raises:
            MissingPartError: an input or a library is missing.
            WorkFailedError: another process runs the same step.
        """
        if self.dry_run and any(self._is_stale(path) for path in step.inputs.values()):
            return self._would_run(step, "its inputs will change")
        fingerprint, facts = self._fingerprint(step)
        current = self._current(step, fingerprint)
        if current is not None and fingerprint in self._finished:
            # Several steps ask for the same source code; it is brought up to date once a run.
            return self._finished[fingerprint]
        if current is not None and not self.force:
            self.reporter.say(f"{step.name}: up to date")
            outcome = Outcome(step.name, "up to date", 0.0, current)
            return self._finish(outcome, fingerprint)
        if self.dry_run:
            return self._would_run(step, "forced" if current is not None else "changed or missing")
        with self._locked(step):
            return self._finish(self._execute(step, fingerprint, facts), fingerprint)

    def is_current(self, step: Step) -> bool:
        """Returns whether a step's outputs are up to date.

        Raises:
            MissingPartError: an input or a library is missing.
        """
        return self._current(step, self._fingerprint(step)[0]) is not None

    def adopt(self, step: Step) -> Outcome:
        """Takes over what another process has made of a step in this run."""
        fingerprint, _ = self._fingerprint(step)
        made = self._current(step, fingerprint)
        if made is None:
            return self.run(step)
        return self._finish(Outcome(step.name, "done", made["seconds"], made), fingerprint)

    def _would_run(self, step: Step, why: str) -> Outcome:
        if self._stale.issuperset(step.outputs.values()):
            return Outcome(step.name, "would run", 0.0, {})
        self._stale.update(step.outputs.values())
        self.reporter.say(f"{step.name}: would run ({why})")
        outcome = Outcome(step.name, "would run", 0.0, {})
        self.outcomes.append(outcome)
        return outcome

    def _is_stale(self, path: Path) -> bool:
        return any(path == made or made in path.parents for made in self._stale)

    def _finish(self, outcome: Outcome, fingerprint: str) -> Outcome:
        self._finished[fingerprint] = outcome
        self.outcomes.append(outcome)
        return outcome

    def _fingerprint(self, step: Step) -> tuple[str, dict[str, Any]]:
        facts: dict[str, Any] = {
            "step": step.name,
            "step_version": step.version,
            "configuration": dict(step.configuration),
            "inputs": {
                name: {"path": self._relative(path), "sha256": self._digest(path)}
                for name, path in sorted(step.inputs.items())
            },
            "libraries": library_versions(step.libraries),
        }
        # Where an input lies does not matter, only what is in it: a library can be moved.
        seen = {**facts, "inputs": {name: x["sha256"] for name, x in facts["inputs"].items()}}
        return digest_value(seen), facts

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if self.root in path.parents else path.name

    def _digest(self, path: Path) -> str:
        """The digest of a file or folder, computed once per state of it."""
        if not path.exists():
            raise MissingPartError(
                "a needed file or folder is missing",
                where=path,
                remedy="run the step that makes it, or `maestro train`",
            )
        key = (str(path), tuple(_states(path)))
        if key not in self._digests:
            self._digests[key] = digest(path, ignore=(MANIFEST,))
        return self._digests[key]

    def _current(self, step: Step, fingerprint: str) -> Mapping[str, Any] | None:
        """Returns the manifest if the outputs are those that this fingerprint made."""
        try:
            manifest = read_json(step.manifest)
        except (MissingPartError, DataError):
            return None
        if not isinstance(manifest, dict) or manifest.get("fingerprint") != fingerprint:
            return None
        recorded = manifest.get("outputs", {})
        for name, path in step.outputs.items():
            if not path.exists() or recorded.get(name, {}).get("sha256") != self._digest(path):
                return None
        return manifest

    @contextmanager
    def _locked(self, step: Step) -> Iterator[None]:
        folder = self.root / ".work"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / f"{_slug(step.name)}.lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise WorkFailedError(
                    "another process is running this step",
                    where=step.name,
                    remedy="wait for it, or stop it and start again",
                ) from None
            yield

    def _execute(self, step: Step, fingerprint: str, facts: dict[str, Any]) -> Outcome:
        started = time.monotonic()
        scratch = self._scratch(step, fingerprint)
        work = Work(step, scratch, self.reporter)
        self.reporter.say(f"{step.name}: running")
        step.action(work)
        step.manifest.unlink(missing_ok=True)
        outputs = {}
        for name, path in step.outputs.items():
            made = work.output(name)
            if not made.exists():
                raise WorkFailedError(f"the step did not make its output {name!r}", where=step.name)
            fsync_tree(made)
            path.parent.mkdir(parents=True, exist_ok=True)
            replace(made, path)
            outputs[name] = {"path": self._relative(path), "sha256": self._digest(path)}
        seconds = time.monotonic() - started
        manifest = {
            "schema_version": SCHEMA_VERSION,
            **facts,
            "fingerprint": fingerprint,
            "outputs": outputs,
            "python": ".".join(map(str, sys.version_info[:3])),
            "counts": dict(sorted(work.counts.items())),
            "rejects": dict(sorted(work.rejects.items())),
            "notes": work.notes,
            "seconds": round(seconds, 3),
        }
        write_json(step.manifest, manifest)
        shutil.rmtree(scratch, ignore_errors=True)
        self.reporter.say(f"{step.name}: done in {clock(seconds)}")
        return Outcome(step.name, "done", seconds, manifest)

    def _scratch(self, step: Step, fingerprint: str) -> Path:
        """Returns the scratch folder of this fingerprint; those of older ones are removed."""
        folder = self.root / ".work"
        mine = folder / f"{_slug(step.name)}@{fingerprint[:16]}"
        for other in folder.glob(f"{_slug(step.name)}@*"):
            if other != mine or not step.resumable:
                shutil.rmtree(other)
        mine.mkdir(parents=True, exist_ok=True)
        return mine


def _slug(name: str) -> str:
    return name.replace("/", "+")


def _states(path: Path) -> Iterator[tuple[str, int, int]]:
    """Yields (name, size, modification time) of a file, or of every file below a folder."""
    if path.is_file():
        stat = path.stat()
        yield path.name, stat.st_size, stat.st_mtime_ns
        return
    for folder, folders, files in os.walk(path):
        folders.sort()
        for file in sorted(files):
            if file != MANIFEST or folder != str(path):
                stat = os.stat(os.path.join(folder, file))  # noqa: PTH116, PTH118
                yield f"{folder}/{file}", stat.st_size, stat.st_mtime_ns
