"""Acoustic model bundles: the embedded one, pocketsphinx folders, Kaldi folders."""

import pytest

from arqon_maestro.errors import DataError, IntegrityError, MissingPartError
from arqon_maestro.speech_engine.acoustic.bundle import (
    BundleKind,
    embedded_bundle,
    folder_bundle,
    require_decoder,
    resolve_bundle,
)


@pytest.fixture
def kaldi(tmp_path):
    folder = tmp_path / "tdnn"
    folder.mkdir()
    (folder / "final.mdl").write_bytes(b"\0B<TransitionModel> <Topology> ")
    (folder / "tree").write_bytes(b"\0B")
    return folder


def test_embedded_bundle_is_found_again_by_its_reference(tmp_path):
    bundle = embedded_bundle()
    assert bundle.kind is BundleKind.POCKETSPHINX
    assert bundle.reference == "embedded: pocketsphinx==5.1.1/en-us"
    assert (bundle.folder / "mdef").is_file()
    assert resolve_bundle(bundle.reference, tmp_path) == bundle
    require_decoder(bundle)


def test_embedded_bundle_of_another_version_is_refused(tmp_path):
    with pytest.raises(IntegrityError, match=r"pip install pocketsphinx==4\.0\.0"):
        resolve_bundle("embedded: pocketsphinx==4.0.0/en-us", tmp_path)


def test_a_copy_of_the_embedded_model_is_a_bundle_too():
    bundle = folder_bundle(embedded_bundle().folder)
    assert (bundle.kind, bundle.reference) == (BundleKind.POCKETSPHINX, "en-us")


def test_kaldi_model_is_described_but_not_decoded(kaldi):
    bundle = folder_bundle(kaldi)
    assert (bundle.kind, bundle.ivectors) == (BundleKind.KALDI, False)
    with pytest.raises(MissingPartError, match="exported without a decoding graph"):
        require_decoder(bundle)


def test_kaldi_model_with_half_an_ivector_extractor(kaldi):
    extractor = kaldi / "ivector_extractor"
    extractor.mkdir()
    (extractor / "final.ie").write_bytes(b"x")
    with pytest.raises(MissingPartError, match=r"final\.dubm"):
        folder_bundle(kaldi)
    for name in ("final.dubm", "final.mat", "global_cmvn.stats"):
        (extractor / name).write_bytes(b"x")
    assert folder_bundle(kaldi).ivectors


def test_kaldi_model_in_text_form(kaldi):
    (kaldi / "final.mdl").write_text("<TransitionModel>")
    with pytest.raises(DataError, match="binary form"):
        folder_bundle(kaldi)


def test_missing_parts_are_named(kaldi, tmp_path):
    (kaldi / "tree").unlink()
    with pytest.raises(MissingPartError, match="tree"):
        folder_bundle(kaldi)
    with pytest.raises(MissingPartError, match="no such folder"):
        folder_bundle(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="not an acoustic model"):
        folder_bundle(tmp_path / "empty")


@pytest.mark.parametrize("reference", ["../tdnn", "/etc", "a/../../x"])
def test_references_out_of_the_speech_engine_are_refused(tmp_path, reference):
    root = tmp_path / "engine"
    root.mkdir()
    with pytest.raises(IntegrityError, match="outside"):
        resolve_bundle(reference, root)
