"""Steps: skip, redo, resume, refuse; nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arqon_maestro.errors import MissingPartError, WorkFailedError
from arqon_maestro.steps import Runner, Step, Work


class Calls:
    def __init__(self) -> None:
        self.made = 0


def copy_step(
    root: Path, calls: Calls, *, version: int = 1, factor: int = 1, resumable: bool = False
) -> Step:
    def action(work: Work) -> None:
        calls.made += 1
        work.output("copy").write_text(work.input("text").read_text() * factor)
        work.count("files")
        work.reject("too long", 2)
        work.note("factor", factor)

    return Step(
        name="test/copy",
        version=version,
        action=action,
        inputs={"text": root / "in.txt"},
        outputs={"copy": root / "data" / "out.txt"},
        manifest=root / "data" / "manifest.json",
        configuration={"factor": factor},
        libraries=("numpy",),
        resumable=resumable,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "in.txt").write_text("hello\n")
    return tmp_path


def test_runs_once_and_then_is_up_to_date(root: Path) -> None:
    calls = Calls()
    assert not Runner(root).is_current(copy_step(root, calls))
    assert Runner(root).run(copy_step(root, calls)).status == "done"
    assert Runner(root).is_current(copy_step(root, calls))
    assert Runner(root).run(copy_step(root, calls)).status == "up to date"
    assert calls.made == 1
    manifest = json.loads((root / "data" / "manifest.json").read_text())
    assert manifest["counts"] == {"files": 1}
    assert manifest["rejects"] == {"too long": 2}
    assert manifest["inputs"]["text"]["path"] == "in.txt"
    assert manifest["seconds"] >= 0
    assert "numpy" in manifest["libraries"]


@pytest.mark.parametrize("change", ["input", "version", "configuration", "output", "manifest"])
def test_any_change_redoes_the_step(root: Path, change: str) -> None:
    calls = Calls()
    Runner(root).run(copy_step(root, calls))
    step = copy_step(root, calls)
    if change == "input":
        (root / "in.txt").write_text("other\n")
    elif change == "version":
        step = copy_step(root, calls, version=2)
    elif change == "configuration":
        step = copy_step(root, calls, factor=2)
    elif change == "output":
        (root / "data" / "out.txt").write_text("tampered\n")
    else:
        (root / "data" / "manifest.json").write_text("{ half")
    assert Runner(root).run(step).status == "done"
    assert calls.made == 2


def test_force_and_dry_run(root: Path) -> None:
    calls = Calls()
    assert Runner(root, dry_run=True).run(copy_step(root, calls)).status == "would run"
    assert calls.made == 0
    assert not (root / "data").exists()
    Runner(root).run(copy_step(root, calls))
    assert Runner(root, dry_run=True).run(copy_step(root, calls)).status == "up to date"
    assert Runner(root, force=True).run(copy_step(root, calls)).status == "done"
    assert calls.made == 2


def test_a_step_is_shown_and_forced_once_a_run(root: Path) -> None:
    calls = Calls()
    runner = Runner(root, force=True)
    assert [runner.run(copy_step(root, calls)).status for _ in range(3)] == ["done"] * 3
    assert calls.made == 1
    assert len(runner.outcomes) == 1


def test_what_another_process_made_is_adopted(root: Path) -> None:
    calls = Calls()
    runner = Runner(root, force=True)
    Runner(root).run(copy_step(root, calls))
    assert runner.adopt(copy_step(root, calls)).status == "done"
    assert runner.run(copy_step(root, calls)).status == "done"
    assert calls.made == 1
    (root / "data" / "out.txt").unlink()
    assert Runner(root).adopt(copy_step(root, calls)).status == "done"
    assert calls.made == 2


def test_a_moved_library_stays_up_to_date(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    Runner(root).run(copy_step(root, Calls()))
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "library"
    root.rename(elsewhere)
    assert Runner(elsewhere).run(copy_step(elsewhere, Calls())).status == "up to date"


def test_a_failed_action_leaves_the_old_output(root: Path) -> None:
    calls = Calls()
    Runner(root).run(copy_step(root, calls))

    def fail(work: Work) -> None:
        work.output("copy").write_text("half")
        raise KeyboardInterrupt

    step = copy_step(root, calls, version=2)
    broken = Step(**{**step.__dict__, "action": fail})
    with pytest.raises(KeyboardInterrupt):
        Runner(root).run(broken)
    assert (root / "data" / "out.txt").read_text() == "hello\n"
    assert Runner(root).run(copy_step(root, calls)).status == "up to date"


def test_a_resumable_step_finds_its_scratch_again(root: Path) -> None:
    seen: list[bool] = []

    def action(work: Work) -> None:
        mark = work.scratch / "shard-0"
        seen.append(mark.exists())
        if not mark.exists():
            mark.write_text("done")
            raise KeyboardInterrupt
        work.output("copy").write_text("all")

    step = copy_step(root, Calls(), resumable=True)
    step = Step(**{**step.__dict__, "action": action})
    with pytest.raises(KeyboardInterrupt):
        Runner(root).run(step)
    assert Runner(root).run(step).status == "done"
    assert seen == [False, True]
    assert not list((root / ".work").glob("*@*"))


def test_dry_run_follows_changes_downstream(root: Path) -> None:
    calls = Calls()
    first = copy_step(root, calls)
    second = Step(
        name="test/second",
        version=1,
        action=lambda work: work.output("x").write_text("x") and None,
        inputs={"copy": root / "data" / "out.txt"},
        outputs={"x": root / "x.txt"},
        manifest=root / "x.manifest.json",
    )
    runner = Runner(root, dry_run=True)
    assert [runner.run(step).status for step in (first, second)] == ["would run", "would run"]


def test_a_missing_input_and_a_missing_output_are_errors(root: Path) -> None:
    step = copy_step(root, Calls())
    lazy = Step(**{**step.__dict__, "action": lambda work: None})
    with pytest.raises(WorkFailedError, match="did not make its output 'copy'"):
        Runner(root).run(lazy)
    (root / "in.txt").unlink()
    with pytest.raises(MissingPartError, match="missing"):
        Runner(root).run(step)
