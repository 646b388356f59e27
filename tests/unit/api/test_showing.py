"""A result in a notebook and in a terminal."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

import quorate
from quorate.errors import QuorateError
from quorate.report.summary import HEIGHT, WIDTH


@pytest.fixture(scope="module")
def quiet():
    """Return a run that was not written and did not trade."""
    return quorate.run(quorate.synthetic(n_coins=2, days=2))


def test_a_summary_is_one_screen(traded, quiet):
    for result in (traded[0], quiet):
        lines = result.summary().splitlines()
        assert len(lines) <= HEIGHT
        pages = [line for line in lines if line.startswith("PAGE")]
        assert max(len(line) for line in lines if line not in pages) <= WIDTH
        assert "nan" not in result.summary().lower().split()
        assert "None" not in result.summary()
        assert len(pages) == (result.folder is not None)


def test_the_page_is_named_from_here_where_that_is_shorter(traded, monkeypatch):
    made, out = traded
    monkeypatch.chdir(out)
    assert made.summary().endswith(f" {made.run_id}/report.html")
    monkeypatch.chdir(Path(out).anchor)
    assert made.summary().splitlines()[-1].endswith(f"{made.run_id}/report.html")


def test_a_notebook_shows_a_table_and_the_chart(traded, quiet):
    text = traded[0]._repr_html_()
    assert "SYNTHETIC DATA" in text
    assert text.count("<svg") == 4  # two charts, each with a plot inside
    assert 'class="line net"' in text
    assert 'class="key net"' in text
    assert traded[0].run_id in text
    for mark in ("<script", "src=", "href=", "None", ">nan"):
        assert mark not in text
    assert "<table>" in quiet._repr_html_()


def test_names_are_escaped_in_a_notebook(quiet):
    facts = {**quiet.facts, "data": {**quiet.facts["data"], "description": "<b>x</b>"}}
    assert "<b>x" not in quorate.Result(**{**quiet.__dict__, "facts": facts})._repr_html_()


def test_a_plot_without_matplotlib_says_what_to_install(quiet, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(QuorateError, match="matplotlib") as found:
        quiet.plot()
    assert ".[report]" in found.value.hint


def test_a_plot_draws_equity_and_drawdown(traded):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    made = traded[0]
    figure = made.plot()
    above, below = figure.axes
    lines = {line.get_label(): line.get_ydata() for line in above.lines}
    assert set(lines) == {"gross", "net"}
    assert lines["net"][-1] == pytest.approx(made.equity["equity"][-1] * 1e-8)
    (filled,) = below.collections
    assert filled.get_paths()[0].vertices[:, 1].max() <= 0.0
    assert "SYNTHETIC" in above.get_title()
    written = io.BytesIO()
    figure.savefig(written, format="png")
    assert written.getvalue().startswith(b"\x89PNG")
    matplotlib.pyplot.close(figure)
