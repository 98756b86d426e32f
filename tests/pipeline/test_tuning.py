"""Fine-tuning end to end on a tiny network: data, training, blend, scores, export, and back."""

from __future__ import annotations

import json
import shutil
import sysconfig
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from arqon_maestro.artifacts import digest, sha256_file
from arqon_maestro.code_engine.dataset import raw_paths, read_pairs
from arqon_maestro.code_engine.engine import find_lexicon, read_lexicon
from arqon_maestro.code_engine.marian import POSITIONS_NAME, read_arrays, write_arrays
from arqon_maestro.code_engine.recipe import FineTuningRecipe
from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.library import Library
from arqon_maestro.models.install import Installed, install
from arqon_maestro.models.keys import code_key
from arqon_maestro.models.tarball import read_label
from arqon_maestro.models.verify import verify
from arqon_maestro.pipeline import code_engine
from arqon_maestro.pipeline.context import Pipeline, open_pipeline
from arqon_maestro.pipeline.tuning import Tuned, training_recipe, tune
from arqon_maestro.pipeline.tuning_base import base_record, find_base
from arqon_maestro.pipeline.tuning_export import export_tuned, is_tuned
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.steps import Runner
from tests.checkouts import make_checkout

MODEL, LANGUAGE = "auto-style", "python"
KEY = code_key(MODEL, LANGUAGE)
# Small modules of the running Python: real code for a test that must be quick.
OLD = ["abc", "bisect", "code", "colorsys", "copy", "fnmatch", "glob", "linecache", "numbers"]
OWN = ["sched", "queue", "netrc", "timeit", "reprlib", "chunk"]


def copy_modules(names: list[str], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        shutil.copy(Path(sysconfig.get_path("stdlib")) / f"{name}.py", folder / f"{name}.py")
    return folder


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose only Python sources are local folders of small modules."""
    folder = make_checkout(tmp_path_factory.mktemp("checkout"))
    rows = []
    for number, split in enumerate(("test", "valid", "train")):
        place = copy_modules(OLD[number::3], folder / "code" / split)
        rows.append(
            {
                "registry": "local-folder",
                "name": split,
                "languages": ["python"],
                "licence": "PSF-2.0",
                "path": str(place),
                "split": split,
            }
        )
    sources = {"schema_version": 1, "sources": rows}
    (folder / "config" / "sources.yaml").write_text(yaml.safe_dump(sources))
    recipe = folder / "config" / "recipes" / "test.yaml"
    recipe.write_text(recipe.read_text().replace("python: [standard-library]", "python: []"))
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_modules(OWN, tmp_path_factory.mktemp("own") / "shop")


def open_in(root: Path, checkout: Path, reporter: Reporter = SILENT, **changes: Any) -> Pipeline:
    pipeline = open_pipeline(root, checkout, test_mode=True, workers=1, reporter=reporter)
    engine = pipeline.recipe.code_engine
    tuning = engine.fine_tuning.model_copy(update=changes)
    engine = engine.model_copy(update={"fine_tuning": tuning})
    return replace(pipeline, recipe=pipeline.recipe.model_copy(update={"code_engine": engine}))


@pytest.fixture(scope="module")
def base_library(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with a trained and installed base."""
    root = tmp_path_factory.mktemp("base")
    pipeline = open_in(root, checkout)
    code_engine.train(pipeline, MODEL, LANGUAGE)
    code_engine.export(pipeline, MODEL, LANGUAGE)
    return root


@pytest.fixture
def library(base_library: Path, tmp_path: Path) -> Path:
    """A copy of it to work in."""
    root = tmp_path / "library"
    shutil.copytree(base_library, root)
    return root


@dataclass(frozen=True)
class Made:
    """A tuned model and where it was made."""

    root: Path
    pipeline: Pipeline
    tuned: Tuned
    installed: Installed


@pytest.fixture(scope="module")
def made(
    base_library: Path, checkout: Path, own: Path, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    root = tmp_path_factory.mktemp("made") / "library"
    shutil.copytree(base_library, root)
    pipeline = open_in(root, checkout)
    tuned = tune(pipeline, MODEL, LANGUAGE, "installed", [own])
    assert tuned is not None
    installed = export_tuned(pipeline, MODEL, LANGUAGE)[1]
    assert installed is not None
    return Made(root, pipeline, tuned, installed)


def lines_of(root: Path, name: str, split: str) -> list[tuple[str, str]]:
    data = Library(root).tuning(MODEL, LANGUAGE) / "data" / name
    return list(read_pairs(raw_paths(data, LANGUAGE, split)))


def test_it_learns_the_new_code_and_keeps_the_old(made: Made) -> None:
    new, old = (made.tuned.scores[name]["cross_entropy"] for name in ("own", "old"))
    assert new["high"] < 0
    assert old["after"] < 1.01 * old["before"]
    match = made.tuned.scores["own"]["exact_match"]
    assert match["before"]["1"]["total"] == match["after"]["1"]["total"] == 40


def test_vocabulary_and_lexicon_are_the_bases(made: Made, base_library: Path) -> None:
    before, after = KEY.folder(Library(base_library)), made.installed.folder
    assert made.installed.version != (before / "v").read_text().strip()
    for name in ("vocab.yml", "tokens.txt", "exposed_vocab.yml", find_lexicon(before).name):
        assert (before / name).read_bytes() == (after / name).read_bytes()
    assert sha256_file(before / "model.npz") != sha256_file(after / "model.npz")


def test_held_out_lines_are_not_trained_on(made: Made) -> None:
    trained = set(lines_of(made.root, "mixed", "train"))
    held_out = {pair for split in ("valid", "test") for pair in lines_of(made.root, "own", split)}
    # A line such as `ENG return` may be said of any file; most are its own.
    assert len(held_out & trained) < 0.1 * len(held_out)
    old = lines_of(made.root, "old", "train")
    new = lines_of(made.root, "own", "train")
    assert len(old) == pytest.approx(len(new), abs=1)
    assert sorted(lines_of(made.root, "mixed", "train")) == sorted([*new, *old])


def test_each_saying_is_another(made: Made) -> None:
    new = lines_of(made.root, "own", "train")
    assert len(set(new)) > 0.8 * len(new)


def test_manifest_and_card_say_what_it_was_made_of(made: Made, own: Path) -> None:
    tarball = made.installed.folder / f"{made.installed.version}.tar.gz"
    assert not verify(tarball).problems
    label = read_label(tarball)
    assert label.manifest is not None
    assert label.card is not None
    facts = label.manifest.model_dump()
    base = base_record(Library(made.root), MODEL, LANGUAGE)
    assert facts["base"]["version"] == base["version"]
    assert facts["data"]["own code"]["total"]["files"] == len(OWN)
    assert facts["data"]["python"]["total"]["files"] == len(OLD)
    assert facts["scores"]["own"]["exact_match"]["before"]["1"]["total"] == 40
    assert facts["configuration"]["blends"]["chosen"]["share"] > 0
    assert "own held-out lines, exact match @1" in label.card
    assert base["version"] in label.card
    assert facts["old data is the base's"]
    assert "may have seen them" not in label.card
    assert str(own.parent) not in json.dumps(facts)


def test_the_base_can_be_installed_again(made: Made, tmp_path: Path) -> None:
    root = tmp_path / "library"
    shutil.copytree(made.root, root)
    library = Library(root)
    version = base_record(library, MODEL, LANGUAGE)["version"]
    tarball = KEY.folder(library) / f"{version}.tar.gz"
    back = install(tarball, library)
    assert back.version == version
    assert (back.folder / f"{made.installed.version}.tar.gz").is_file()


def test_the_same_command_again_has_nothing_to_do(made: Made, checkout: Path, own: Path) -> None:
    # The installed model is the tuned one by now: its base is what "installed" means.
    said: list[str] = []
    pipeline = open_in(made.root, checkout, Listener(said))
    again = tune(pipeline, MODEL, LANGUAGE, "installed", [own])
    assert again == made.tuned
    assert [line for line in said if line.startswith("tune-")] == [
        f"tune-{step}/{MODEL}/{LANGUAGE}: up to date"
        for step in ("base", "data", "train", "blend", "compare")
    ]


class Listener:
    """Keeps what is said; raises at a wanted progress."""

    def __init__(self, said: list[str], stop_at: int | None = None) -> None:
        self.said, self.stop_at = said, stop_at
        self.done, self.label = 0, ""

    def say(self, message: str) -> None:
        self.said.append(message)

    def task(self, label: str, total: float | None = None, unit: str = "") -> Listener:
        self.label, self.done = label, 0
        return self

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def advance(self, amount: float = 1, note: str = "") -> None:
        self.done += 1
        if self.label.endswith("fine-tuning") and self.done == self.stop_at:
            raise KeyboardInterrupt


def test_interrupted_and_resumed_it_makes_the_same_model(
    made: Made, library: Path, checkout: Path, own: Path
) -> None:
    # The first advance tells where the training stands, so this is amid the updates.
    stopping = open_in(library, checkout, Listener([], stop_at=8))
    with pytest.raises(KeyboardInterrupt):
        tune(stopping, MODEL, LANGUAGE, "installed", [own])
    scratch = [path.name for path in (library / ".work").glob("tune-train*@*")]
    assert len(scratch) == 1
    resumed = tune(open_in(library, checkout), MODEL, LANGUAGE, "installed", [own])
    assert resumed is not None
    ignored = ("manifest.json",)
    assert digest(resumed.folder, ignore=ignored) == digest(made.tuned.folder, ignore=ignored)
    assert resumed.scores == made.tuned.scores


def test_a_model_beside_another_attempt_is_not_exported(made: Made, tmp_path: Path) -> None:
    root = tmp_path / "library"
    shutil.copytree(made.root, root)
    pipeline = replace(made.pipeline, library=Library(root), runner=Runner(root))
    folder = pipeline.library.tuning(MODEL, LANGUAGE)
    shutil.rmtree(folder / "export")
    record = json.loads((folder / "data.step.json").read_text())
    record["outputs"]["data"]["sha256"] = "0" * 64
    (folder / "data.step.json").write_text(json.dumps(record))
    with pytest.raises(DataError, match="another fine-tuning was begun"):
        export_tuned(pipeline, MODEL, LANGUAGE)


@pytest.mark.slow
def test_weights_of_marian_with_neighbours(
    made: Made, library: Path, checkout: Path, own: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    ours = KEY.folder(Library(library))
    for name in ("vocab.yml", find_lexicon(ours).name):
        shutil.copy(ours / name, theirs / name)
    arrays = read_arrays(ours / "model.npz")
    del arrays[POSITIONS_NAME]
    write_arrays(theirs / "model.npz", arrays)
    pipeline = open_in(library, checkout)
    for name in (theirs, theirs / "model.npz"):
        tuned = tune(pipeline, MODEL, LANGUAGE, str(name), [own])
        assert tuned is not None
        assert tuned.scores == made.tuned.scores
    # It had no version; now it has one, to come back to.
    record = base_record(pipeline.library, MODEL, LANGUAGE)
    assert not verify(
        pipeline.library.tuning(MODEL, LANGUAGE) / "base" / f"{record['version']}.tar.gz"
    ).problems
    assert record["manifest"] == {}


@pytest.mark.slow
def test_a_tarball_in_a_library_without_a_dataset(
    base_library: Path, own: Path, tmp_path: Path
) -> None:
    """What the base learnt from is replaced by the standard library."""
    checkout = make_checkout(tmp_path / "checkout")
    folder = KEY.folder(Library(base_library))
    version = (folder / "v").read_text().strip()
    pipeline = open_in(tmp_path / "other", checkout, train_lines=300)
    tuned = tune(pipeline, MODEL, LANGUAGE, str(folder / f"{version}.tar.gz"), [own])
    assert tuned is not None
    installed = export_tuned(pipeline, MODEL, LANGUAGE)[1]
    assert installed is not None
    assert (installed.folder / f"{version}.tar.gz").is_file()
    card = read_label(installed.folder / f"{installed.version}.tar.gz").card
    assert card is not None
    assert "may have seen them" in card
    assert not pipeline.library.dataset(MODEL, LANGUAGE).exists()
    notes = json.loads((tuned.folder.parent / "data.step.json").read_text())["notes"]
    assert notes["old data is a substitute"]
    assert code_engine.chosen_trained(pipeline, None, None) == [(MODEL, LANGUAGE)]
    assert is_tuned(pipeline, MODEL, LANGUAGE)


def test_no_old_data_at_all(base_library: Path, own: Path, checkout: Path, tmp_path: Path) -> None:
    folder = KEY.folder(Library(base_library))
    with pytest.raises(MissingPartError, match="no old data") as caught:
        tune(open_in(tmp_path, checkout), MODEL, LANGUAGE, str(folder), [own])
    assert "generate-dataset --model auto-style --language python" in str(caught.value)


def test_too_little_code(library: Path, checkout: Path, own: Path, tmp_path: Path) -> None:
    few = copy_modules(["sched"], tmp_path / "few")
    with pytest.raises(DataError, match="1 files are too few"):
        tune(open_in(library, checkout), MODEL, LANGUAGE, "installed", [few])
    pipeline = open_in(library, checkout, fewest_train_lines=10**6)
    with pytest.raises(DataError, match="too little of your own code") as caught:
        tune(pipeline, MODEL, LANGUAGE, "installed", [own])
    assert "of 1,000,000 needed" in str(caught.value)
    assert "kB of such code" in str(caught.value)


def test_no_usable_file(library: Path, checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "a.py").write_text("# generated by a tool, do not edit\n" * 20)
    with pytest.raises(DataError, match="no file that can be used") as caught:
        tune(open_in(library, checkout), MODEL, LANGUAGE, "installed", [tmp_path / "shop"])
    assert "1 generated" in str(caught.value)


@pytest.mark.slow
def test_nothing_gained_leaves_no_model(library: Path, checkout: Path, own: Path) -> None:
    pipeline = open_in(library, checkout, learning_rate=1e-30)
    with pytest.raises(WorkFailedError, match="gained nothing"):
        tune(pipeline, MODEL, LANGUAGE, "installed", [own])
    assert not is_tuned(pipeline, MODEL, LANGUAGE)


@pytest.mark.parametrize(
    ("named", "error", "message"),
    [
        ("installed", MissingPartError, "is not installed"),
        ("missing", MissingPartError, "no such model"),
        ("note.txt", DataError, "not a model"),
    ],
)
def test_bases_that_are_none(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    named: str,
    error: type[Exception],
    message: str,
) -> None:
    (tmp_path / "note.txt").write_text("no model\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        find_base(Library(tmp_path / "library"), KEY, named)


def test_a_tarball_of_another_language(made: Made, checkout: Path, tmp_path: Path) -> None:
    # Its files would do, but its manifest says otherwise.
    own = tmp_path / "shop"
    own.mkdir()
    for number in range(4):
        lines = "".join(f"int value{n} = {n * number};\n" for n in range(30))
        (own / f"A{number}.java").write_text(f"class A{number} {{\n{lines}}}\n")
    tarball = made.installed.folder / f"{made.installed.version}.tar.gz"
    with pytest.raises(DataError, match=r"a model for .*/python, not for .*/java"):
        tune(open_in(tmp_path / "library", checkout), MODEL, "java", str(tarball), [own])


def test_a_tuned_base_that_lost_its_own(made: Made, tmp_path: Path) -> None:
    root = tmp_path / "library"
    shutil.copytree(made.root, root)
    version = base_record(Library(root), MODEL, LANGUAGE)["version"]
    (KEY.folder(Library(root)) / f"{version}.tar.gz").unlink()
    with pytest.raises(MissingPartError, match="itself tuned"):
        find_base(Library(root), KEY, "installed")


def test_lengths_of_trainings() -> None:
    recipe = FineTuningRecipe(epochs=2, updates=1000)
    assert training_recipe(recipe, 10, 1).updates == 20
    long = training_recipe(recipe, 10_000, 1)
    assert (long.updates, long.warmup, long.validate_every) == (1000, 50, 125)
    assert training_recipe(recipe, 1, 1).validate_every == 1


def test_the_lexicon_is_read_as_it_was_counted(made: Made) -> None:
    data = Library(made.root).tuning(MODEL, LANGUAGE) / "data"
    lexicons = {tuple(read_lexicon(find_lexicon(data / name))) for name in ("own", "old", "mixed")}
    assert len(lexicons) == 1
