"""The main figures in text."""

from __future__ import annotations

import pytest

from arqon_maestro.evaluation.groups import least_words
from arqon_maestro.evaluation.metrics import Paired, wilson
from arqon_maestro.evaluation.summary import p_value, points, share


def test_figures() -> None:
    assert share(wilson(81, 263).to_json()) == "30.8% (25.5–36.6)"
    paired = Paired(36, 12, 2, 0).to_json()
    assert points(paired) == "+20.0 points (+5.7 to +34.0; p = 0.013)"
    assert p_value(0.0009) == "p < 0.001"


@pytest.mark.parametrize(("group", "least"), [("10–19 words", 10), ("20+ words", 20), ("add", 0)])
def test_lengths_have_an_order(group: str, least: int) -> None:
    assert least_words(group) == least
