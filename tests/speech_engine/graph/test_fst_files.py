"""Transducers as arrays and as OpenFst's files: round trips, damage, and Kaldi as a reader."""

from __future__ import annotations

import struct
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst, spans
from arqon_maestro.speech_engine.graph.fst_file import read_fst, write_fst

from .oracles import kaldi_read


def random_fst(seed: int, states: int = 12, arcs: int = 30, labels: int = 4) -> Fst:
    generator = np.random.default_rng(seed)
    finals = np.where(generator.random(states) < 0.3, generator.random(states), NOT_FINAL)
    return Fst.of(
        int(generator.integers(states)),
        finals.astype(np.float32),
        generator.integers(0, states, arcs),
        generator.integers(0, labels, arcs),
        generator.integers(0, labels, arcs),
        generator.random(arcs),
        generator.integers(0, states, arcs),
    )


def assert_same(first: Fst, second: Fst) -> None:
    assert first.start == second.start
    for field in fields(Fst)[1:]:
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))


@given(st.integers(0, 10_000), st.sampled_from(["vector", "const"]))
def test_files_come_back(tmp_path_factory, seed, kind):
    path = tmp_path_factory.mktemp("fst") / "a.fst"
    fst = random_fst(seed)
    write_fst(path, fst, kind=kind)
    assert_same(read_fst(path), fst)


@pytest.mark.parametrize("kind", ["vector", "const"])
def test_kaldi_reads_them(kind, tmp_path):
    fst = random_fst(3, states=200, arcs=900)
    write_fst(tmp_path / "a.fst", fst, kind=kind)
    kaldi_read(tmp_path / "a.fst", tmp_path / "b.fst")
    assert_same(read_fst(tmp_path / "b.fst"), fst)


@pytest.mark.parametrize("kind", ["vector", "const"])
def test_empty_ones(kind, tmp_path):
    write_fst(tmp_path / "a.fst", Fst.empty(), kind=kind)
    assert read_fst(tmp_path / "a.fst").num_states == 0


@pytest.mark.parametrize("kind", ["vector", "const"])
def test_every_truncation_is_an_error(kind, tmp_path):
    write_fst(tmp_path / "a.fst", random_fst(5), kind=kind)
    whole = (tmp_path / "a.fst").read_bytes()
    for stop in range(0, len(whole) - 1, 3):
        (tmp_path / "cut.fst").write_bytes(whole[:stop])
        with pytest.raises(DataError):
            read_fst(tmp_path / "cut.fst")


@given(st.data())
def test_damage_is_an_error_or_another_transducer(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damage")
    write_fst(folder / "a.fst", random_fst(7), kind=data.draw(st.sampled_from(["vector", "const"])))
    damaged = bytearray((folder / "a.fst").read_bytes())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    (folder / "a.fst").write_bytes(bytes(damaged))
    try:
        fst = read_fst(folder / "a.fst")
    except DataError as error:
        assert "a.fst" in str(error)
    else:
        assert not fst.num_arcs or fst.targets.max() < fst.num_states


def test_symbol_tables_inside_are_stepped_over(tmp_path):
    fst = random_fst(9)
    write_fst(tmp_path / "a.fst", fst)
    data = bytearray((tmp_path / "a.fst").read_bytes())
    flags_at = 4 + 4 + len("vector") + 4 + len("standard") + 4
    data[flags_at] = 1
    symbols = struct.pack("<ii4sqq", 2125658996, 4, b"name", 2, 1) + struct.pack(
        "<i1sq", 1, b"a", 0
    )
    head = flags_at + 4 + 8 + 24
    (tmp_path / "b.fst").write_bytes(data[:head] + symbols + data[head:])
    assert_same(read_fst(tmp_path / "b.fst"), fst)


def test_what_is_no_transducer(tmp_path):
    with pytest.raises(MissingPartError):
        read_fst(tmp_path / "none.fst")
    (tmp_path / "a.fst").write_text("0 1 2 3")
    with pytest.raises(DataError, match="not an OpenFst binary file"):
        read_fst(tmp_path / "a.fst")
    (tmp_path / "a.fst").touch()
    with pytest.raises(DataError, match="a folder"):
        read_fst(tmp_path)
    name = b"compact_acceptor"
    head = struct.pack("<ii", 2125659606, len(name)) + name + struct.pack("<i", 8) + b"standard"
    (tmp_path / "a.fst").write_bytes(head + bytes(40))
    with pytest.raises(DataError, match="type 'compact_acceptor'"):
        read_fst(tmp_path / "a.fst")


@given(st.integers(0, 10_000))
def test_connected_keeps_what_is_on_a_way(seed):
    fst = random_fst(seed, states=10, arcs=12)

    def reach(roots: set[int], pairs: list[tuple[int, int]]) -> set[int]:
        seen = set(roots)
        while True:
            more = {b for a, b in pairs if a in seen} - seen
            if not more:
                return seen
            seen |= more

    pairs = list(zip(fst.sources.tolist(), fst.targets.tolist(), strict=True))
    ends = set(np.flatnonzero(fst.is_final).tolist())
    useful = reach({fst.start}, pairs) & reach(ends, [(b, a) for a, b in pairs])
    connected = fst.connected()
    assert connected.num_states == (len(useful) if fst.start in useful else 0)
    if connected.num_states:
        kept = sum(a in useful and b in useful for a, b in pairs)
        assert connected.num_arcs == kept
        assert connected.finals[connected.start] == fst.finals[fst.start]
    assert fst.accessible().num_states == len(reach({fst.start}, pairs))


def test_spans():
    starts, counts = np.array([5, 0, 9]), np.array([2, 0, 3])
    assert spans(starts, counts).tolist() == [5, 6, 9, 10, 11]
    assert spans(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []


def test_sorting_keeps_arcs_with_their_states(tmp_path: Path):
    fst = random_fst(11, states=5, arcs=40)
    for ordered, column in (
        (fst.sorted_by_input(), "ilabels"),
        (fst.sorted_by_output(), "olabels"),
    ):
        for state in range(5):
            labels = getattr(ordered, column)[ordered.offsets[state] : ordered.offsets[state + 1]]
            assert (np.diff(labels) >= 0).all()
        assert np.sort(ordered.weights).tolist() == np.sort(fst.weights).tolist()
