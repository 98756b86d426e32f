"""The report: self-contained, escaped, repeatable."""

from __future__ import annotations

import json
import re
from pathlib import Path

from arqon_maestro.evaluation.report import (
    Curve,
    Panels,
    Plot,
    Section,
    Table,
    render_part,
    render_plot,
    write_report,
)

SECTIONS = [
    Section(
        "Speech & text",
        notes=["synthetic voices"],
        parts=[
            Table(["name", "value"], [["a < b", 0.123456], ["lines", 12345], ["ok", True]]),
            Plot("loss", "updates", "nats", [Curve("train", [1, 2], [3.0, 2.0])]),
        ],
    )
]


def test_the_page_stands_alone(tmp_path: Path) -> None:
    page, data = write_report(tmp_path / "r", "Report", SECTIONS, {"x": 1})
    text = page.read_text()
    assert "a &lt; b" in text
    assert "0.1235" in text
    assert "12,345" in text
    assert "<svg" in text
    assert "<script" not in text
    assert not re.search(
        r"""(?:src|href)=["']https?:""", re.sub(r"<svg.*?</svg>", "", text, flags=re.S)
    )
    assert json.loads(data.read_text()) == {"schema_version": 1, "x": 1}


def test_a_plot_gives_the_same_bytes_twice() -> None:
    plot = SECTIONS[0].parts[1]
    assert isinstance(plot, Plot)
    assert render_plot(plot) == render_plot(plot)


def test_panels_are_one_figure() -> None:
    plot = SECTIONS[0].parts[1]
    assert isinstance(plot, Plot)
    text = render_part(Panels([plot, plot, plot]))
    assert text.count("<svg") == 1
    # Three plots with axes; the fourth place stays empty.
    assert len(re.findall(r'id="axes_\d+"', text)) == 4
    assert len(re.findall(r'id="matplotlib.axis_\d+"', text)) == 6
