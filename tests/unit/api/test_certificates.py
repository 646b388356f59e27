"""Every run leaves the certificate of its data, and data that fail are refused or told."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, settlements, store, without

import quorate
from quorate.cli import run
from quorate.errors import ConfigError, DataError
from quorate.lake import certificate
from quorate.report import data_page

N = 2 * 288


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("bars")
    return store(where, AAAUSDT=without(bars(n=N), 100, 3), BBBUSDT=put(bars(n=N), 50, high=1.0))


def market(folder, **given):
    return quorate.load(folder, venue="binance_spot", kind="spot", **given)


def test_a_run_leaves_the_certificate_of_its_data(folder, tmp_path):
    panel = market(folder, symbols=["AAA"])
    result = quorate.run(panel, out=tmp_path)
    told = certificate.read(result.folder / certificate.FOLDER)
    assert told.rules == panel.certificate.rules
    ((origin, worth),) = told.venues
    ((held, was),) = panel.certificate.venues
    assert origin == held
    assert all(a.equals(b) for a, b in zip(worth, was, strict=True))
    rules = [("GAP_FILLED", 3), ("ROW_UNFINISHED", 1)]
    assert worth.findings.select("rule", "n").rows() == rules
    page = (result.folder / "certificate.html").read_text()
    for words in ("Certificate of the data", origin.digest, "data.suspect_z", "GAP_FILLED"):
        assert words in page
    report = (result.folder / "report.html").read_text()
    assert "Held against the rules of data" in report
    assert "The data fail their rules" not in report


def test_data_that_fail_are_refused_or_told_at_the_head(folder, tmp_path):
    with pytest.raises(DataError, match=r"BBBUSDT on binance_spot \(ROW_IMPOSSIBLE\)"):
        market(folder)
    result = quorate.run(market(folder, accept_failed=True), out=tmp_path)
    report = (result.folder / "report.html").read_text()
    head = report[: report.index('class="verdict"')]
    assert "The data fail their rules" in head
    assert "BBBUSDT on binance_spot (ROW_IMPOSSIBLE)" in head
    assert "read them all the same" in (result.folder / "certificate.html").read_text()
    told = json.loads((result.folder / "certificate" / "certificate.json").read_text())
    assert told["is_accepted"]
    assert {row["rule"] for row in told["found"]} == {
        "GAP_FILLED",
        "ROW_IMPOSSIBLE",
        "ROW_UNFINISHED",
    }


def test_a_market_that_was_made_up_has_none(tmp_path):
    result = quorate.run(quorate.synthetic(n_coins=1, days=1), out=tmp_path)
    assert not (result.folder / "certificate.html").exists()
    assert not (result.folder / certificate.FOLDER).exists()


def test_the_settings_have_the_rules(folder):
    loose = quorate.read_settings(overrides={"data.gap_minutes": "10"})
    panel = market(folder, symbols=["AAA"], settings=loose)
    assert panel.certificate.venues[0][1].findings["rule"].to_list() == [
        "GAP_BREAK",
        "ROW_UNFINISHED",
    ]
    assert panel.bars.status[100:103, 0].tolist() == [2, 0, 0]
    with pytest.raises(ConfigError, match=r"data.gap_minutes is 60, but the bars .* with 10"):
        quorate.run(panel, quorate.read_settings(overrides={}))
    with pytest.raises(ConfigError, match=r"\[data\] suspect_z is 1, outside"):
        market(folder, settings=quorate.read_settings(overrides={"data.suspect_z": "1"}))


def test_the_command_refuses_and_accepts(folder, tmp_path, capsys):
    words = ["backtest", "--bars", str(folder), "--venue", "binance_spot", "--kind", "spot"]
    words += ["--out", str(tmp_path)]
    assert run(words) == 3
    assert "--accept-failed" in capsys.readouterr().err
    assert run([*words, "--accept-failed"]) == 0
    assert "Bars that fail rules of data, loaded all the same" in capsys.readouterr().out


def test_a_certificate_that_is_not_whole_is_refused(folder, tmp_path):
    certificate.write(market(folder, symbols=["AAA"]).certificate, tmp_path)
    (tmp_path / "0.findings.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="cannot be read"):
        certificate.read(tmp_path)
    certificate.write(market(folder, symbols=["AAA"]).certificate, tmp_path)
    (tmp_path / "certificate.json").write_text("{}")
    with pytest.raises(DataError, match="holds no certificate"):
        certificate.read(tmp_path)


@pytest.fixture(scope="module")
def ran(folder, tmp_path_factory):
    return quorate.run(market(folder, accept_failed=True), out=tmp_path_factory.mktemp("runs"))


def spoilt(result, where):
    """Copy a run's folder."""
    copy = where / result.folder.name
    shutil.copytree(result.folder, copy)
    (copy / "certificate.html").unlink()
    return copy


TABLES = ("coins", "findings", "days", "pairs", "pair_days")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("how", ["cut", "gone", "other"])
def test_a_damaged_table_is_named_and_the_rest_is_shown(ran, tmp_path, table, how):
    copy = spoilt(ran, tmp_path)
    path = copy / "certificate" / f"0.{table}.parquet"
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif how == "gone":
        path.unlink()
    else:
        bars(3).write_parquet(path)
    quorate.render(copy)
    report, page = ((copy / name).read_text() for name in ("report.html", "certificate.html"))
    head = report[: report.index('class="verdict"')]
    assert "The certificate of the data is damaged" in head
    for text in (head, page):
        assert path.name in text
        assert sum(f"0.{each}.parquet" in text for each in TABLES) == 1
    shown = {"findings": "ROW_IMPOSSIBLE</td>", "coins": "BBBUSDT</b> fails"}
    for name, words in shown.items():
        assert (words in page) == (name != table)
    assert "No rule fails a coin" not in page
    found = certificate.salvage(copy / "certificate")
    assert getattr(found.venues[0][1], table).is_empty()
    if how == "cut":
        with pytest.raises(DataError, match=path.name):
            certificate.read(copy / "certificate")


@pytest.mark.parametrize("content", [None, "{}", "[1]", '{"venues": [{"venue": 1}]}', "{"])
def test_without_its_head_a_certificate_tells_that_it_has_none(ran, tmp_path, content):
    copy = spoilt(ran, tmp_path)
    path = copy / "certificate" / "certificate.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    quorate.render(copy)
    assert "certificate.json: " in (copy / "report.html").read_text()
    page = (copy / "certificate.html").read_text()
    assert "certificate.json: " in page
    assert "No rule fails a coin" not in page


def test_files_beside_the_bars_are_certified_too(tmp_path):
    rows = bars(n=N)
    at = [START_MS + hours * 3_600_000 for hours in (-8, 0, 8, 16, 24, 32, 40)]
    store(tmp_path / "bars", AAA=rows)
    store(tmp_path / "funding", AAA=settlements(at, [1e-4] * 7), BBB=settlements(at, [1e-4] * 7))
    store(tmp_path / "mark", AAA=rows.drop("volume"))
    quoted = bars(n=N, price=1.0)[["ts"]].with_columns(
        **{name: pl.lit(1.0) for name in ("open", "high", "low", "close")}
    )
    store(tmp_path / "quote", USDTUSD=quoted)
    given = {name: tmp_path / name for name in ("funding", "mark")}
    panel = quorate.load(
        tmp_path / "bars",
        venue="okx_swap",
        kind="perp",
        quote_usd=tmp_path / "quote" / "USDTUSD.parquet",
        **given,
    )
    told = panel.certificate.inputs
    assert [(each.venue, each.kind, each.n_files, each.n_rows) for each in told] == [
        ("okx_swap", "funding", 1, 7),
        ("okx_swap", "mark", 1, N),
        ("", "quote", 1, N),
    ]
    assert told[0].first == "2023-01-31 16:00:00Z"
    result = quorate.run(panel, out=tmp_path / "runs")
    assert certificate.read(result.folder / "certificate").inputs == told
    page = (result.folder / "certificate.html").read_text()
    assert all(each.digest in page for each in told)


def test_a_panel_that_is_kept_keeps_its_certificate(folder, tmp_path):
    panel = market(folder, symbols=["AAA"])
    kept = quorate.keep(panel, tmp_path / "kept")
    for again in (kept, quorate.load(tmp_path / "kept")):
        assert again.certificate.rules == panel.certificate.rules
        assert again.certificate.venues[0][0] == panel.certificate.venues[0][0]
    quorate.keep(market(folder, symbols=["AAA"]), tmp_path / "kept")  # it holds only ours
    loose = quorate.read_settings(overrides={"data.gap_minutes": "10"})
    with pytest.raises(ConfigError, match="but the bars were loaded with 60"):
        quorate.run(kept, loose)


@pytest.fixture(scope="module")
def perps(tmp_path_factory):
    """Bars of two perpetuals, and their funding: a settlement of one is missing, one is high."""
    where = tmp_path_factory.mktemp("perps")
    at = [START_MS + each * 8 * 3_600_000 for each in range(-9, 9)]
    paid = settlements(at, [1e-4] * 16 + [0.02, 1e-4])
    store(where / "bars", AAAUSDT=bars(n=N), BBBUSDT=bars(n=N))
    store(where / "funding", AAAUSDT=without(paid, 12, 1), BBBUSDT=paid, CCCUSDT=paid)
    return where


def test_the_certificate_has_what_the_rules_found_in_the_marks(perps, tmp_path):
    """As ``data check`` finds it: holes, a jump, stamps off the grid, a mark that was forming."""
    marks = without(bars(n=N).drop("volume"), 40, 7)
    jumps = put(marks, 90, open=250.0, high=260.0, low=240.0, close=250.0)
    late = jumps.with_columns(pl.col("ts") + pl.duration(milliseconds=900))
    folder = store(tmp_path / "mark", AAAUSDT=late, BBBUSDT=marks)
    panel = quorate.load(
        perps / "bars", venue="binance_usdm", kind="perp", funding=perps / "funding", mark=folder
    )
    checked = quorate.check_data(folder)
    end = bars(n=N)["ts"][-1]  # which is told of, and no bar of the run opens there
    _, found = panel.certificate.valued
    assert (found.venue, found.kind) == ("binance_usdm", "mark")
    assert found.findings.equals(checked.findings.filter(pl.col("at") <= end))
    counts = dict(found.findings.group_by("rule").agg(pl.col("n").sum()).rows())
    assert counts["VALUE_MISSING"] == 14
    assert counts["VALUE_SUSPECT"] == 2
    assert set(counts) > {"VALUE_SNAPPED", "ROW_UNFINISHED"}
    kept = quorate.keep(panel, tmp_path / "kept")
    assert kept.certificate.valued[1].findings.equals(found.findings)
    result = quorate.run(panel, out=tmp_path / "runs")
    told = json.loads((result.folder / "certificate" / "certificate.json").read_text())
    assert ("mark", "VALUE_MISSING", 7) in {(e["kind"], e["rule"], e["n"]) for e in told["found"]}
    assert "the mark of binance_usdm" in (result.folder / "certificate.html").read_text()


def test_the_certificate_has_what_the_rules_found_in_the_funding(perps, tmp_path):
    checked = quorate.check_data(perps / "funding", start="2023-02-01", end="2023-02-02T23:55")
    panel = quorate.load(
        perps / "bars", venue="binance_usdm", kind="perp", funding=perps / "funding"
    )
    (found,) = panel.certificate.valued
    assert (found.venue, found.kind) == ("binance_usdm", "funding")
    mine = checked.findings.filter(pl.col("symbol") != "CCCUSDT")  # no coin of the run
    assert found.findings.equals(mine)
    assert found.findings.select("rule", "symbol", "n").rows() == [("VALUE_MISSING", "AAAUSDT", 1)]
    kept = quorate.keep(panel, tmp_path / "kept")
    assert kept.certificate.valued[0].findings.equals(mine)
    result = quorate.run(panel, out=tmp_path / "runs")
    told = json.loads((result.folder / "certificate" / "certificate.json").read_text())
    assert {
        "venue": "binance_usdm",
        "kind": "funding",
        "symbol": "AAAUSDT",
        "rule": "VALUE_MISSING",
        "n": 1,
    } in told["found"]
    assert certificate.read(result.folder / "certificate").valued[0].findings.equals(mine)
    for page in ("certificate.html", "report.html"):
        text = (result.folder / page).read_text()
        assert "VALUE_MISSING" in text
        assert "the funding of binance_usdm" in text


def test_a_certificate_of_before_has_no_funding_and_is_whole(perps, tmp_path):
    panel = quorate.load(
        perps / "bars", venue="binance_usdm", kind="perp", funding=perps / "funding"
    )
    certificate.write(panel.certificate, tmp_path)
    path = tmp_path / "certificate.json"
    about = json.loads(path.read_text())
    del about["valued"]
    path.write_text(json.dumps(about))
    assert certificate.read(tmp_path).valued == ()
    certificate.write(panel.certificate, tmp_path)
    (tmp_path / "input0.findings.parquet").unlink()
    assert certificate.salvage(tmp_path).damaged[0].startswith("input0.findings.parquet: ")


def test_a_perpetual_beside_spot_is_told_as_not_compared(tmp_path):
    spot, perp = (store(tmp_path / name, AAAUSDT=bars(N)) for name in ("spot", "perp"))
    panel = quorate.load(
        spot,
        venue="binance_spot",
        kind="spot",
        second=(perp, "okx_swap", None),
        assume_funding=0.0,
    )
    (said,) = panel.certificate.uncompared
    assert said.startswith("okx_swap (perp) is not held against binance_spot (spot)")
    assert said.endswith("a second venue of kind spot would.")
    assert panel.certificate.venues[0][1].pairs.is_empty()
    assert said in data_page.certificate_page(panel.certificate)
    certificate.write(panel.certificate, tmp_path / "certificate")
    told = json.loads((tmp_path / "certificate" / "certificate.json").read_text())
    assert told["uncompared"] == [said]


def test_a_spread_below_zero_is_told_and_not_believed(tmp_path):
    spread = pl.Series("spread_bps", [4.0] * N).scatter([7, 400], [-3.0, -0.5])
    where = store(tmp_path / "bars", AAAUSDT=bars(N).with_columns(spread))
    told = market(where).certificate.venues[0][1].findings
    mine = told.filter(pl.col("rule") == "SPREAD_IMPOSSIBLE")
    assert mine.select("at", "value", "bound").rows() == [
        (bars(N)["ts"][7], -3.0, 0.0),
        (bars(N)["ts"][400], -0.5, 0.0),
    ]
    found = quorate.check_data(where)
    assert found.findings.filter(pl.col("rule") == "SPREAD_IMPOSSIBLE").height == 2
    assert set(found.coins["failed"]) == {""}
