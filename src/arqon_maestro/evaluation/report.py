"""The report: one JSON file with every number, one self-contained HTML page that shows them."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import atomic_text, write_json

SCHEMA_VERSION = 1

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a2a; background: #fff; }
h1 { font-size: 1.7rem } h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid #ddd }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #eee }
td.n { text-align: right } code, pre { font: .875rem/1.4 ui-monospace, monospace }
figure { margin: 1rem 0 } svg { max-width: 100%; height: auto } .note { color: #555 }
@media (prefers-color-scheme: dark) { body { background: #14161a; color: #e4e4ea }
  h2, th, td { border-color: #33363d } .note { color: #a0a4ad } svg { background: #fff } }
"""


@dataclass(frozen=True)
class Table:
    """A table; numbers are set to the right."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Curve:
    """One line of a plot."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Plot:
    """Curves over one x axis."""

    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]


@dataclass(frozen=True)
class Panels:
    """Plots side by side in one figure, two a row."""

    plots: Sequence[Plot]


Part = Table | Plot | Panels


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    title: str
    notes: Sequence[str] = ()
    parts: Sequence[Part] = field(default_factory=tuple)


def format_value(value: object) -> str:
    """Formats a cell: floats to four significant digits, rates as percentages."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def render_table(table: Table) -> str:
    """Returns a table as HTML."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in table.header)
    body = []
    for row in table.rows:
        cells = []
        for value in row:
            kind = ' class="n"' if isinstance(value, int | float) else ""
            cells.append(f"<td{kind}>{html.escape(format_value(value))}</td>")
        body.append("<tr>" + "".join(cells) + "</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def render_plot(plot: Plot) -> str:
    """Returns a plot as inline SVG, the same bytes for the same numbers."""
    return render_panels(Panels([plot]))


def render_panels(panels: Panels) -> str:
    """Returns plots as one inline SVG, the same bytes for the same numbers."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    columns = min(2, len(panels.plots))
    rows = -(-len(panels.plots) // columns)
    size = (7.2, 3.2) if columns == 1 else (9.6, 2.7 * rows)
    with matplotlib.rc_context({"svg.hashsalt": "arqon-maestro", "svg.fonttype": "path"}):
        figure, grid = pyplot.subplots(rows, columns, figsize=size, squeeze=False)
        for axes, plot in zip_longest(grid.flat, panels.plots):
            if plot is None:
                axes.set_axis_off()
            else:
                _draw(axes, plot)
        figure.tight_layout()
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
        pyplot.close(figure)
    svg = stream.getvalue()
    return f"<figure>{svg[svg.index('<svg') :]}</figure>"


def _draw(axes: Any, plot: Plot) -> None:
    for curve in plot.curves:
        axes.plot(curve.x, curve.y, label=curve.label, linewidth=1.5)
    axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label)
    axes.grid(alpha=0.3)
    if len(plot.curves) > 1:
        axes.legend(frameon=False)


def render_part(part: Part) -> str:
    """Returns a table or a figure as HTML."""
    if isinstance(part, Table):
        return render_table(part)
    return render_panels(part) if isinstance(part, Panels) else render_plot(part)


def render_page(title: str, sections: Sequence[Section]) -> str:
    """Returns the whole page: no script, no outside resource."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{html.escape(title)}</h1>",
    ]
    for section in sections:
        parts.append(f"<h2>{html.escape(section.title)}</h2>")
        parts.extend(f"<p class='note'>{html.escape(note)}</p>" for note in section.notes)
        for part in section.parts:
            parts.append(render_part(part))
    parts.append("</body></html>\n")
    return "\n".join(parts)


def write_report(
    folder: Path, title: str, sections: Sequence[Section], numbers: dict[str, Any]
) -> tuple[Path, Path]:
    """Writes ``report.html`` and ``report.json`` and returns their paths."""
    page, data = folder / "report.html", folder / "report.json"
    with atomic_text(page) as stream:
        stream.write(render_page(title, sections))
    write_json(data, {"schema_version": SCHEMA_VERSION, **numbers})
    return page, data
