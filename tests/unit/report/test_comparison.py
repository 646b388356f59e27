"""Runs side by side: what differs is shown, what does not is not, and luck is asked about."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from tests.unit.report.building import build

from quorate.errors import DataError
from quorate.report.compare_text import text
from quorate.report.compare_words import how_many_tests, probability, verdict
from quorate.report.comparison import MOST, compare_folders
from quorate.report.formats import number


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
    assert [(each.name, each.values, each.said) for each in found.settings] == [
        ("consensus.k", (1.5, 2.0), ("1.5", "2.0"))
    ]
    assert found.data == ()
    assert [run.letter for run in found.runs] == ["A", "B"]


def test_engines_and_data_that_differ_are_named(two):
    changed(two[1], lambda facts: facts["data"].update(digest="other", symbols=["BTC"]))
    changed(two[1], lambda facts: facts.update(engines=[]))
    found = compare_folders(two)
    assert row(found.settings, "engine ema_cross").said == ("votes", "–")
    assert row(found.data, "symbols").said[1] == "BTC"
    assert any("did not read the same data" in note for note in found.cautions)


def test_a_run_is_named_by_what_differs(two):
    assert [run.name for run in compare_folders(two).runs] == [
        "consensus.k 1.5",
        "consensus.k 2.0",
    ]
    preset = {"preset": "bold", "per_trade_frac": 0.01}
    changed(two[1], lambda facts: facts["settings"].update(risk=preset))
    assert [run.name for run in compare_folders(two).runs] == [
        "risk.preset balanced, risk.per_trade_frac 0.005, 1 more",
        "risk.preset bold, risk.per_trade_frac 0.01, 1 more",
    ]


def test_metrics_are_those_of_the_runs_and_numbers(two):
    found = compare_folders(two)
    trees = [json.loads((folder / "metrics.json").read_text()) for folder in two]
    assert row(found.metrics, "n_trades").values == (120, 120)
    sharpe = row(found.metrics, "sharpe")
    assert list(sharpe.values) == [tree["net"]["sharpe"] for tree in trees]
    assert list(sharpe.said) == [f"{x:.2f}".replace("-", "−") for x in sharpe.values]
    names = [each.name for each in found.metrics]
    assert names[:3] == ["start_usd", "end_usd", "net_usd"]
    assert names[names.index("sharpe") + 1 :][:2] == ["psr", "min_track_record_days"]
    keys = [each.is_key for each in found.metrics]
    assert keys == sorted(keys, reverse=True)


def test_a_cost_that_was_paid_is_negative_and_all_lines_add_up_to_net(two):
    found = compare_folders(two)
    for i, folder in enumerate(two):
        lines = json.loads((folder / "metrics.json").read_text())["lines_usd"]
        assert row(found.metrics, "fees_usd").values[i] == -float(lines["FEE"]) < 0.0
        assert row(found.metrics, "funding_usd").values[i] == -float(lines["FUNDING"])
        names = ("gross_usd", "slippage_usd", "fees_usd", "funding_usd", "haircuts_usd")
        parts = sum(row(found.metrics, name).values[i] for name in names)
        assert parts == pytest.approx(row(found.metrics, "net_usd").values[i])


def test_room_that_would_only_lose_is_no_capacity(two):
    for folder in two:
        path = folder / "metrics.json"
        tree = json.loads(path.read_text())
        tree["activity"]["capacity_usd"] = 948_084_305.0
        path.write_text(json.dumps(tree))
    trees = [json.loads((folder / "metrics.json").read_text()) for folder in two]
    earned = [tree["net"]["pnl_usd"] > 0 for tree in trees]
    assert earned == [False, True]
    assert row(compare_folders(two).metrics, "capacity_usd").said == ("–", "948,000,000")


def test_a_mean_return_is_said_a_day(two):
    found = row(compare_folders(two).metrics, "mean_day")
    tree = json.loads((two[0] / "metrics.json").read_text())
    assert found.label == "mean return a day, arithmetic, bps"
    assert found.values[0] == pytest.approx(tree["net"]["mean_return"] / 365)
    assert found.said[0] == f"{found.values[0] * 1e4:.2f}".replace("-", "−")


def test_a_ratio_below_zero_needs_no_record(two):
    found = compare_folders(two).metrics
    for sharpe, told in zip(
        row(found, "sharpe").values, row(found, "min_track_record_days").said, strict=True
    ):
        assert (told == "no length does") == (sharpe <= 0.0)


def test_a_ratio_of_too_few_trades_says_so_in_place_of_it(tmp_path):
    few = build(tmp_path / "few", n_trades=17)
    many = changed(
        build(tmp_path / "many", n_trades=60, seed=2), lambda facts: facts.update(run_id="many")
    )
    found = compare_folders([few, many])
    sharpe = row(found.metrics, "sharpe")
    assert sharpe.said[0] == "too few: 17 trades"
    assert sharpe.said[1] == number(sharpe.values[1])
    assert isinstance(sharpe.values[0], float)


def test_growth_stands_together_in_the_terminal(two):
    said = text(compare_folders(two), 100).splitlines()
    at = next(i for i, line in enumerate(said) if line.startswith("Net growth together"))
    assert [line.split()[0] for line in said[at + 1 : at + 3]] == ["A", "B"]
    marks = {len(line.split()[1]) for line in said[at + 1 : at + 3]}
    assert len(marks) == 1
    assert "█" in "".join(said[at + 1 : at + 3])
    assert "▁" in "".join(said[at + 1 : at + 3])


def test_luck_is_asked_of_every_metric_on_common_days(two):
    found = compare_folders(two)
    (versus,) = found.versus
    assert versus.paired.n_days == 167
    for name in ("total_return", "volatility", "sharpe", "sortino", "max_drawdown", "hit_rate"):
        one, other = row(found.metrics, name).values
        each = versus.paired.differences[name]
        assert each.value == pytest.approx(other - one), name
        assert each.low < each.value < each.high
    for name in ("profit_factor", "average_trade_usd", "mean_day"):
        one, other = row(found.metrics, name).values
        assert versus.paired.differences[name].value == pytest.approx(other - one), name
    swapped = compare_folders(two[::-1]).versus[0].paired.differences["sharpe"]
    assert swapped.value == pytest.approx(-versus.paired.differences["sharpe"].value)


def test_the_tests_are_counted_and_allowed_for(two, tmp_path):
    found = compare_folders([*two, build(tmp_path / "third", seed=3)])
    assert [(each.letter, each.against) for each in found.versus] == [
        ("B", "A"),
        ("C", "A"),
        ("C", "B"),
    ]
    known = [
        (each, name)
        for each in found.versus
        for name, difference in each.paired.differences.items()
        if not difference.why
    ]
    assert found.n_tests == len(known) == 27
    assert f"{found.n_tests} differences are tested" in how_many_tests(found)
    raw = [each.paired.differences[name].p_value for each, name in known]
    adjusted = [each.adjusted[name] for each, name in known]
    assert min(adjusted) == pytest.approx(min(1.0, 27 * min(raw)))
    assert all(p <= q <= 1.0 for p, q in zip(raw, adjusted, strict=True))


def test_of_many_runs_the_first_alone_is_compared_and_that_is_said(tmp_path):
    found = compare_folders([build(tmp_path / f"run{i}", seed=i) for i in range(4)])
    assert [each.against for each in found.versus] == ["A", "A", "A"]
    assert any("with A alone" in note for note in found.cautions)


def test_runs_of_other_lengths_share_their_first_days(tmp_path):
    found = compare_folders(
        [build(tmp_path / "long"), build(tmp_path / "short", n_bars=480, n_trades=20)]
    )
    assert found.versus[0].paired.n_days == 20
    assert np.isnan(found.curves[1].growth[-1])
    assert np.isnan(found.curves[1].drawdown[-1])
    assert any("days that both runs have" in note for note in found.cautions)
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


def test_json_has_numbers_and_units(two):
    found = compare_folders(two).as_dict()
    rows = {each["name"]: each for each in found["metrics"]}
    assert rows["total_return"]["unit"] == "fraction"
    assert all(isinstance(value, float) for value in rows["total_return"]["values"])
    assert rows["fees_usd"]["unit"] == "USD"
    assert found["settings"][0]["values"] == [1.5, 2.0]
    sharpe = found["versus"][0]["differences"]["sharpe"]
    assert sharpe["p_value"] <= sharpe["p_value_holm"] <= 1.0
    assert found["versus"][0]["differences"]["cagr"]["p_value"] is None
    assert "−" not in json.dumps(found, ensure_ascii=False, allow_nan=False)


@pytest.mark.parametrize("width", [80, 100, 132])
@pytest.mark.parametrize("n", [2, 6])
def test_the_text_fits_and_knows_no_nan(tmp_path, n, width):
    folders = [build(tmp_path / f"run{i}", seed=i, n_trades=30 * i) for i in range(n)]
    said = text(compare_folders(folders), width)
    assert max(map(len, said.splitlines())) <= width
    assert not re.search(r"\bnan\b|None", said)
    assert said.count("is it luck?") == n - 1
    assert "…" not in "".join(line[:30] for line in said.splitlines())


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
    assert probability(0.0) == "<0.001"


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
    assert text.count("<figure data-graph") == 2
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "B: consensus.k 2.0" in text
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
