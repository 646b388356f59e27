"""Runs side by side: what differs is shown, what does not is not, and luck is asked about."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from tests.unit.report.building import build

from quorate.errors import DataError
from quorate.report.compare_text import WIDTH, verdict
from quorate.report.comparison import MOST, compare_folders


def changed(folder, change):
    """Change the facts of a run folder, and return it."""
    path = folder / "run.json"
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))
    return folder


@pytest.fixture
def two(tmp_path):
    """Return two runs on the same data that differ in one setting and in their trades."""
    second = changed(
        build(tmp_path / "second", seed=2),
        lambda facts: (facts["settings"]["consensus"].update(k=2.0), facts.update(run_id="second")),
    )
    return [build(tmp_path / "first"), second]


def row(rows, name):
    return next(each for each in rows if each.name == name)


def test_only_what_differs_is_listed(two):
    found = compare_folders(two)
    assert [(each.name, each.values) for each in found.settings] == [
        ("consensus.k", ("1.5", "2.0"))
    ]
    assert found.data == ()
    assert [run.letter for run in found.runs] == ["A", "B"]


def test_engines_and_data_that_differ_are_named(two):
    changed(two[1], lambda facts: facts["data"].update(digest="other", symbols=["BTC"]))
    changed(two[1], lambda facts: facts.update(engines=[]))
    found = compare_folders(two)
    assert row(found.settings, "engine ema_cross").values == ("votes", "–")
    assert row(found.data, "symbols").values[1] == "BTC"
    assert any("did not read the same data" in note for note in found.cautions)


def test_money_and_metrics_are_those_of_the_runs(two):
    found = compare_folders(two)
    trees = [json.loads((folder / "metrics.json").read_text()) for folder in two]
    assert row(found.metrics, "closed trades").values == ("120", "120")
    expected = [f"{tree['net']['sharpe']:.2f}".replace("-", "−") for tree in trees]
    assert list(row(found.metrics, "Sharpe ratio").values) == expected
    assert row(found.metrics, "net result").is_key


def test_luck_is_asked_about_on_common_days(two):
    (versus,) = compare_folders(two).versus
    assert versus.paired.n_days == 167
    assert versus.paired.why == ""
    assert versus.paired.sharpe.low < versus.paired.sharpe.value < versus.paired.sharpe.high
    first, second = (json.loads((f / "metrics.json").read_text())["net"]["sharpe"] for f in two)
    assert versus.paired.sharpe.value == pytest.approx(second - first)
    swapped = compare_folders(two[::-1]).versus[0].paired
    assert swapped.sharpe.value == pytest.approx(-versus.paired.sharpe.value)


def test_runs_of_other_lengths_share_their_first_days(tmp_path):
    found = compare_folders(
        [build(tmp_path / "long"), build(tmp_path / "short", n_bars=480, n_trades=20)]
    )
    assert found.versus[0].paired.n_days == 20
    assert np.isnan(found.curves[1].growth[-1])
    assert found.curves[1].growth[0] == 0.0
    assert len(found.times) == 4_001


def test_a_copy_of_a_run_differs_in_nothing(tmp_path):
    found = compare_folders([build(tmp_path / "one"), build(tmp_path / "two")])
    assert found.settings == ()
    assert found.versus[0].trades.n_same == 120
    assert "the same" in found.versus[0].paired.why
    assert "the same" in str(found)


def test_a_run_without_trades_says_why_nothing_is_known(tmp_path):
    found = compare_folders([build(tmp_path / "one"), build(tmp_path / "none", n_trades=0)])
    assert "never traded" in str(found)
    assert found.versus[0].trades.n_first_only == 120
    json.dumps(found.as_dict(), allow_nan=False)


@pytest.mark.parametrize("n", [2, 6])
def test_the_text_fits_and_knows_no_nan(tmp_path, n):
    folders = [build(tmp_path / f"run{i}", seed=i, n_trades=30 * i) for i in range(n)]
    text = str(compare_folders(folders))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert not re.search(r"\bnan\b|None", text)
    assert text.count("is it luck?") == n - 1


@pytest.mark.parametrize("places", [["first"], ["first", "first"], ["first"] * (MOST + 1)])
def test_fewer_than_two_different_runs_are_refused(two, places):
    with pytest.raises(DataError, match="to be compared") as found:
        compare_folders([two[0].parent / name for name in places])
    assert f"from 2 to {MOST}" in found.value.hint


def test_what_a_p_value_says():
    assert [verdict(p) for p in (0.049, 0.05, float("nan"))] == [
        "not luck at 5%",
        "may be luck",
        "not known",
    ]


class Page(HTMLParser):
    """Collect tags that must be closed, and what the page asks the network for."""

    VOID = frozenset({"meta", "br", "link"})

    def __init__(self):
        super().__init__()
        self.open, self.asked, self.tables = [], [], 0

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.tables += tag == "table"
        self.asked += [v for n, v in attrs if n in ("src", "href") and not str(v).startswith("#")]

    def handle_startendtag(self, tag, attrs):
        """A mark that closes itself leaves nothing open."""

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_stands_alone(two, tmp_path):
    target = compare_folders(two).write(tmp_path)
    assert target.name == "compare.html"
    text = target.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert (page.open, page.asked) == ([], [])
    assert page.tables >= 5
    assert "<script" not in text
    for name in ("run0", "run1"):
        assert f'class="line {name}"' in text
        assert f"--{name}: #" in text
    assert not re.search(r"\bnan\b|None", text)
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_the_page_of_a_synthetic_run_says_so(two, tmp_path):
    assert "SYNTHETIC" not in compare_folders(two).write(tmp_path).read_text()
    changed(two[1], lambda facts: facts["data"].update(is_synthetic=True))
    found = compare_folders(two)
    assert "SYNTHETIC DATA" in found.write(tmp_path / "x.html").read_text()
    assert "made up" in str(found)


def test_names_are_escaped(two, tmp_path):
    changed(two[1], lambda facts: facts["data"].update(description="<b>coins</b>"))
    text = compare_folders(two).write(tmp_path).read_text()
    assert "<b>coins" not in text
    assert "&lt;b&gt;coins" in text


def test_a_place_that_cannot_be_written_is_named(two, tmp_path):
    with pytest.raises(DataError, match="cannot be written") as found:
        compare_folders(two).write(tmp_path / "no" / "folder" / "x.html")
    assert "--page" in found.value.hint


def test_a_notebook_shows_the_text(two):
    found = compare_folders(two)
    assert found._repr_html_().startswith("<pre>A  ")
    assert dataclasses.is_dataclass(found)
