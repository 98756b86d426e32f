"""Acoustic model bundles: what lies in a folder, whether it is whole, which decoder it needs."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from arqon_maestro.errors import DataError, IntegrityError, MissingPartError
from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ
from arqon_maestro.speech_engine.lexicon.pronunciations import PHONES

EMBEDDED_WHEEL = "pocketsphinx"
EMBEDDED_MODEL = "en-us"
_EMBEDDED_MARK = "embedded: "
_POCKETSPHINX_FILES = ("feat.params", "mdef", "means", "noisedict", "transition_matrices")
_KALDI_FILES = ("final.mdl", "tree")
_KALDI_IVECTOR_FILES = tuple(
    f"ivector_extractor/{name}"
    for name in ("final.dubm", "final.ie", "final.mat", "global_cmvn.stats")
)
_KALDI_BINARY_START = b"\0B<TransitionModel> "
_HEAD_BYTES = 64
#: Marks of Kaldi's phones: none, or at the beginning, in, at the end of a word, or alone.
_PLACES_IN_WORD = frozenset(["", "B", "I", "E", "S"])


class BundleKind(StrEnum):
    """Which decoder an acoustic model is for."""

    POCKETSPHINX = "pocketsphinx"
    KALDI = "kaldi"


@dataclass(frozen=True)
class AcousticBundle:
    """An acoustic model that can be found again.

    Attributes:
        kind: which decoder it is for.
        reference: ``embedded: pocketsphinx==<version>/en-us``, or a folder's name inside the
            exported speech engine.
        folder: where its files are on this machine.
        ivectors: whether an i-vector extractor comes with it.
        sample_rate_hz: of the audio it was trained on.
        phones: that pronunciations may be made of, without marks of the place in a word; None
            where the model does not say it.
    """

    kind: BundleKind
    reference: str
    folder: Path
    ivectors: bool = False
    sample_rate_hz: int = SAMPLE_RATE_HZ
    phones: frozenset[str] | None = None


def embedded_bundle() -> AcousticBundle:
    """Returns the acoustic model that comes inside the pocketsphinx wheel.

    Raises:
        MissingPartError: the wheel, or the model in it, is not installed.
    """
    spec = importlib.util.find_spec(EMBEDDED_WHEEL)
    try:
        installed = version(EMBEDDED_WHEEL)
    except PackageNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        raise MissingPartError(
            f"the wheel {EMBEDDED_WHEEL} is not installed", remedy=f"pip install {EMBEDDED_WHEEL}"
        )
    folder = Path(spec.origin).parent / "model" / EMBEDDED_MODEL / EMBEDDED_MODEL
    reference = f"{_EMBEDDED_MARK}{EMBEDDED_WHEEL}=={installed}/{EMBEDDED_MODEL}"
    _require(folder, _POCKETSPHINX_FILES)
    return AcousticBundle(BundleKind.POCKETSPHINX, reference, folder, phones=PHONES)


def folder_bundle(folder: Path, *, reference: str | None = None) -> AcousticBundle:
    """Describes the acoustic model in a folder after checking that its files are there.

    Args:
        folder: a pocketsphinx model (``mdef`` …) or a Kaldi one (``final.mdl``, ``tree``).
        reference: how the model is referred to; by default the folder's name.

    Raises:
        MissingPartError: no such folder, or a file of the model is missing.
        DataError: neither kind of model, or not in Kaldi's binary form.
    """
    if not folder.is_dir():
        raise MissingPartError("no such folder", where=folder)
    name = reference or folder.name
    if (folder / "mdef").is_file():
        _require(folder, _POCKETSPHINX_FILES)
        return AcousticBundle(BundleKind.POCKETSPHINX, name, folder, phones=PHONES)
    if not (folder / "final.mdl").is_file():
        raise DataError(
            "not an acoustic model", where=folder, why="neither mdef nor final.mdl is in it"
        )
    _require(folder, _KALDI_FILES)
    with open(folder / "final.mdl", "rb") as stream:
        if not stream.read(_HEAD_BYTES).startswith(_KALDI_BINARY_START):
            raise DataError(
                "not a Kaldi model in binary form",
                where=folder / "final.mdl",
                remedy="nnet3-am-copy --binary=true",
            )
    ivectors = (folder / "ivector_extractor").is_dir()
    if ivectors:
        _require(folder, _KALDI_IVECTOR_FILES)
    return AcousticBundle(BundleKind.KALDI, name, folder, ivectors, phones=_kaldi_phones(folder))


def _kaldi_phones(folder: Path) -> frozenset[str] | None:
    """Reads the phones of ``phones.txt``, if there is one: ``AA1_B 5`` names ``AA1``.

    Raises:
        DataError: a malformed line.
    """
    path = folder / "phones.txt"
    if not path.is_file():
        return None
    phones = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fields = line.split()
        if len(fields) != 2 or not fields[1].isdecimal():
            raise DataError("a phone and its number expected", where=f"{path}:{number}")
        phone, _, place = fields[0].partition("_")
        if not phone.startswith(("#", "<")) and place in _PLACES_IN_WORD:
            phones.add(phone)
    return frozenset(phones)


def resolve_bundle(reference: str, root: Path) -> AcousticBundle:
    """Finds the acoustic model that an exported speech engine refers to.

    Args:
        reference: see `AcousticBundle`.
        root: the exported speech engine's folder.

    Raises:
        MissingPartError: it is not there.
        IntegrityError: the embedded model of another version, or a path out of `root`.
    """
    if reference.startswith(_EMBEDDED_MARK):
        bundle = embedded_bundle()
        if bundle.reference != reference:
            wanted = reference.removeprefix(_EMBEDDED_MARK).partition("/")[0]
            raise IntegrityError(
                f"the speech engine wants {wanted}",
                where=root,
                why=f"installed: {bundle.reference.removeprefix(_EMBEDDED_MARK)}",
                remedy=f"pip install {wanted}",
            )
        return bundle
    folder = (root / reference).resolve()
    if not folder.is_relative_to(root.resolve()):
        raise IntegrityError("an acoustic model outside of its speech engine", where=reference)
    return folder_bundle(folder, reference=reference)


def require_decoder(bundle: AcousticBundle) -> None:
    """Checks that pocketsphinx can decode with `bundle`.

    Raises:
        MissingPartError: it is a Kaldi model, which needs a decoding graph.
    """
    if bundle.kind is not BundleKind.POCKETSPHINX:
        raise MissingPartError(
            f"no decoder for the {bundle.kind} acoustic model {bundle.reference} in this engine",
            where=bundle.folder,
            why="it was exported without a decoding graph",
            remedy="maestro speech-engine train-model, then maestro speech-engine export",
        )


def _require(folder: Path, names: tuple[str, ...]) -> None:
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise MissingPartError(
            "an acoustic model with files missing", where=folder, why=", ".join(missing)
        )
