"""The windows and permutations of ranking; figures worked out by hand from the description."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.runtime.rank import (
    Standing,
    near_parses,
    near_transcripts,
    ranked,
)
from arqon_maestro.runtime.transcripts import Transcript


@dataclass(frozen=True)
class FakeParse:
    name: str
    transcript: Transcript
    parser_cost: float


def heard(text: str, acoustic: float, language_model: float = 0.0) -> Transcript:
    return Transcript(tuple(text.split()), acoustic, language_model)


def test_transcripts_within_eight_of_the_first() -> None:
    readings = [heard("a", 10, 5), heard("b", 12, 11), heard("c", 3, 20.1), heard("d", 3, 20)]
    # The first costs 15, so 23 is the limit: b has 23, c 23.1, d 23.
    assert [reading.text for reading in near_transcripts(readings)] == ["a", "b", "d"]


def test_a_cheaper_later_transcript_does_not_move_the_limit() -> None:
    readings = [heard("a", 10), heard("b", 1), heard("c", 17.5)]
    assert [reading.text for reading in near_transcripts(readings)] == ["a", "b", "c"]


def test_an_empty_first_transcript_discards_everything() -> None:
    assert near_transcripts([Transcript(()), heard("b", 1)]) == []
    assert near_transcripts([]) == []
    assert near_transcripts([heard("a", 1), Transcript(())]) == [heard("a", 1)]


def test_parses_are_sorted_and_kept_near_the_first_of_the_input() -> None:
    parses = [
        FakeParse("a", heard("a", 5), 2.0),  # 7.0, so the limit is 11.5
        FakeParse("b", heard("b", 8), 3.5),  # 11.5
        FakeParse("c", heard("c", 5), 0.5),  # 5.5
        FakeParse("d", heard("d", 8), 3.6),  # 11.6
    ]
    assert [parse.name for parse in near_parses(parses)] == ["c", "a", "b"]
    assert near_parses([]) == []


def order(standings: dict[str, Standing]) -> list[tuple[str, bool]]:
    rows = ranked(list(standings), lambda name: standings[name], lambda name: name)
    return [(name, state.valid) for name, state in rows]


def test_invalid_ones_stay_only_near_the_first() -> None:
    standings = {
        "a": Standing(True, 5, 1, 1),  # 7, so the limit is 10
        "b": Standing(False, 5, 1, 4),  # 10
        "c": Standing(False, 5, 1, 4.1),  # 10.1
        "d": Standing(True, 5, 1, 9),
    }
    assert order(standings) == [("a", True), ("d", True), ("b", False)]


def test_code_is_permuted_among_its_own_places() -> None:
    standings = {
        "a": Standing(True, 5, 9, 0, style_cost=4),  # 18 by code
        "b": Standing(True, 1, 1, 0),  # no code: keeps its place
        "c": Standing(True, 5, 9, 0, style_cost=1),  # 15
        "d": Standing(True, 6, 9, 0, style_cost=0.5, contextual_cost=2),  # 8.5
    }
    assert [name for name, _ in order(standings)] == ["d", "b", "c", "a"]


def test_the_parser_cost_does_not_count_among_code() -> None:
    standings = {
        "a": Standing(True, 5, 1, 0, style_cost=2),
        "b": Standing(True, 5, 1, 4, style_cost=1),
    }
    assert [name for name, _ in order(standings)] == ["b", "a"]


def test_what_does_the_same_is_merged_before_the_window() -> None:
    standings = {
        "a": Standing(True, 1, 0, 0),
        "a again": Standing(False, 1, 0, 0),
        "b": Standing(True, 1, 0, 0),
    }
    rows = ranked(list(standings), lambda name: standings[name], lambda name: name[0])
    assert [name for name, _ in rows] == ["a", "b"]


def test_meta_commands_count_in_first_place_only() -> None:
    meta = Standing(True, 1, 0, 0, meta=True)
    plain = Standing(True, 2, 0, 0)
    assert order({"use": meta, "x": plain}) == [("use", True), ("x", True)]
    assert order({"x": plain, "use": meta, "y": plain}) == [
        ("x", True),
        ("y", True),
        ("use", False),
    ]
    # Moving up to first place behind an invalid one is first place.
    assert order({"bad": Standing(False, 1, 0, 0), "use": meta}) == [("use", True), ("bad", False)]


STANDINGS = st.lists(
    st.builds(
        Standing,
        valid=st.booleans(),
        acoustic_cost=st.floats(0, 20),
        language_model_cost=st.floats(0, 20),
        parser_cost=st.floats(0, 10),
        style_cost=st.none() | st.floats(0, 10),
        contextual_cost=st.none() | st.floats(0, 30),
        meta=st.booleans(),
    ),
    max_size=15,
)


@given(STANDINGS)
def test_what_ranking_guarantees(standings: list[Standing]) -> None:
    rows = ranked(list(enumerate(standings)), lambda row: row[1], lambda row: row[0])
    assert len(rows) <= 10
    validity = [state.valid for _, state in rows]
    assert validity == sorted(validity, reverse=True)
    assert all(not state.valid for place, (_, state) in enumerate(rows) if state.meta and place)
    names = [name for (name, _), _ in rows]
    assert len(set(names)) == len(names)
    if standings:
        limit = standings[0].parse_total + 3.0
        assert all(standings[name].valid or standings[name].parse_total <= limit for name in names)
    totals = [
        state.style_total for _, state in rows if state.style_cost is not None and state.valid
    ]
    if not any(state.meta for state in standings):
        assert totals == sorted(totals)


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30), st.floats(0, 9)), min_size=1))
def test_the_windows(costs: list[tuple[float, float, float]]) -> None:
    readings = [Transcript((str(n),), a, b) for n, (a, b, _) in enumerate(costs)]
    kept = near_transcripts(readings)
    assert kept[0] == readings[0]
    assert kept == [reading for reading in readings if reading.cost <= readings[0].cost + 8.0]
    parses = [
        FakeParse(str(n), reading, cost[2])
        for n, (reading, cost) in enumerate(zip(readings, costs, strict=True))
    ]
    near = near_parses(parses)
    totals = [parse.transcript.cost + parse.parser_cost for parse in near]
    assert totals == sorted(totals)
    assert parses[0] in near
