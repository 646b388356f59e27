"""Every run leaves the certificate of its data, and data that fail are refused or told."""

from __future__ import annotations

import json

import pytest
from tests.unit.lake.builders import bars, put, store, without

import quorate
from quorate.cli import run
from quorate.errors import ConfigError, DataError
from quorate.lake import certificate

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
    head = report[: report.index("<h1>")]
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
