"""``quorate models`` and ``quorate promote`` as a user types them."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.cli import run
from quorate.cli.model_rows import changed
from quorate.lake.panel import part

BEGUN, OVER = "2024-02-10", "2024-03-09T02:00"
"""When the data of both sets end, and when the four weeks after that are over."""
SURE = ["--override", "a test of the rest"]
PLAN = quorate.Plan(train_days=30, models=("linear",), leaderboard=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with two model sets, an audit, and a run of each."""
    found = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUORATE_CONFIG_DIR", str(found / "config"))
        panel = quorate.synthetic(n_coins=5, days=70, planted_edge=2.0)
        early, late = part(panel, 0, 40 * 288), part(panel, 26 * 288, 70 * 288)
        settings = quorate.read_settings(overrides=dict(LIVELY))
        audit = quorate.audit(early, settings, n_cuts=4)
        (found / "audit.json").write_text(json.dumps(audit.as_file()))
        for name, plan in (("one", PLAN), ("other", quorate.Plan(train_days=30, models=()))):
            quorate.train(early, settings, plan, to=found / name)
            done = quorate.run(late, settings, models=found / name, out=found / "runs")
            (found / f"{name}.run").write_text(done.run_id)
        yield found


@pytest.fixture
def models(place, tmp_path):
    """Return what follows ``quorate models``, as a list of words made of a text."""

    def go(text, *more, at=None):
        words = text.format(place=place).split()
        words += ["--at", at] if at else []
        return run(["models", *words, *more, "--registry", str(tmp_path / "registry")])

    return go


@pytest.fixture
def champion(models, capsys):
    publish = "publish {place}/one --audit {place}/audit.json"
    assert models(publish, "--why", "the first", at=BEGUN) == 0
    for stage in ("canary", "champion"):
        assert models(f"stage v0001 {stage}", "--why", "the first", *SURE, at=BEGUN) == 0
    return capsys.readouterr().out


def name(place, which):
    return (place / f"{which}.run").read_text()


def test_from_a_set_to_the_champion(champion, models, capsys):
    assert "v0001 is candidate; " in champion
    assert "there is no champion yet" in champion
    assert "v0001 is champion; " in champion
    assert "IT DOES NOT VOTE" in champion  # its data ended in 2024
    assert models("ls --verify") == 0
    said = capsys.readouterr().out
    for word in ("fitted until", "2024-02-10 00:00", "linear_model", "champion"):
        assert word in said
    assert models("ls", "--set", "models.max_age_days=3650") == 0
    assert "it votes until 3650" in capsys.readouterr().out


def test_the_first_that_learned_shows_the_figures_of_research(models, place, capsys):
    publish = "publish {place}/one --audit {place}/audit.json"
    assert models(publish, "--why", "the first", at=BEGUN) == 0
    assert models("stage v0001 canary", "--why", "the first", at=BEGUN) == 3
    said = " ".join(capsys.readouterr().err.split())
    assert "v0001 cannot become canary: closed trades out of sample is missing" in said
    assert "rule engines alone (--rules-only) may be the first canary as they are" in said
    shows = ["--challenger-run", name(place, "one"), "--out", str(place / "runs")]
    assert models("stage v0001 canary", "--why", "the first", *shows, at=BEGUN) == 3
    assert "begins before 2024-02-10 00:00" in " ".join(capsys.readouterr().err.split())


@pytest.mark.usefixtures("champion")
def test_machines_are_told_the_same(models, place, capsys):
    more = ["--metrics-of", name(place, "other"), "--out", str(place / "runs")]
    publish = "publish {place}/other --audit {place}/audit.json --parent v0001"
    assert models(publish, "--why", "no engines", *more) == 0
    capsys.readouterr()
    assert models("ls --json") == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["version"], first["stage"], first["metrics"]) == ("v0001", "champion", {})
    assert second["parent"] == "v0001"
    assert set(second["metrics"]) == {"total_return", "sharpe", "max_drawdown", "n_days"}
    assert models("show v0002 --json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["how"] for each in told["history"]] == ["published"]
    assert told["history"][0]["why"] == "no engines"
    assert models("show v0002") == 0
    said = capsys.readouterr().out
    assert "learning.models was ['linear'], is []" in said
    assert "published" in said


@pytest.fixture
def shadow(champion, models, capsys):
    """Have a challenger stand beside the champion, from the day on which its data end."""
    publish = "publish {place}/other --audit {place}/audit.json"
    assert models(publish, "--why", "no engines", at=BEGUN) == 0
    assert models("stage v0002 shadow", "--why", "beside it", *SURE, at=BEGUN) == 0
    capsys.readouterr()
    return champion


@pytest.mark.usefixtures("shadow")
def test_a_challenger_moves_on_the_verdict_of_two_runs_alone(models, place, tmp_path, capsys):
    runs = [name(place, "one"), name(place, "other"), "--out", str(place / "runs")]
    kept = ["--registry", str(tmp_path / "registry"), "--at", OVER]
    assert run(["promote", *runs, *kept, "--day", "28", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["first"] == "2024-02-10"
    assert told["outcome"] == "REJECT"
    assert run(["promote", *runs, *kept, "--day", "28"]) == 0
    assert capsys.readouterr().out.startswith("REJECT  day 28, 2024-02-10 to 2024-03-08")
    both = ["--champion-run", runs[0], "--challenger-run", runs[1], *runs[2:]]
    assert models("stage v0002 canary", "--why", "better", *both, at=OVER) == 3
    assert "v0002 cannot become canary: REJECT: " in capsys.readouterr().err
    assert models("stage v0002 canary", "--why", "better", at=OVER) == 3
    assert "no look holds it against the champion v0001" in capsys.readouterr().err
    assert models("stage v0002 canary", "--why", "x", *both[:2]) == 2
    assert "one run is named" in capsys.readouterr().err
    assert models("show v0002 --json") == 0
    moves = json.loads(capsys.readouterr().out)["history"]
    assert [each["how"] for each in moves] == ["published", "moved", "planned", "looked"]


@pytest.mark.usefixtures("shadow")
def test_a_plan_that_was_fixed_is_kept(place, tmp_path, capsys):
    """A rejection at 28 days is no reason to look for 90, on other days, or as if alone."""
    runs = [name(place, "one"), name(place, "other"), "--out", str(place / "runs")]
    kept = ["--registry", str(tmp_path / "registry"), "--at", OVER, "--day", "28"]
    assert run(["promote", *runs, *kept]) == 0
    for words, said in (
        (["--max-days", "90"], "with max_days 28: 90 is another"),
        (["--start", "2024-02-12"], "with start 2024-02-10: 2024-02-12 is another"),
        (["--challengers", "3"], "with challengers 1: 3 is another"),
    ):
        capsys.readouterr()
        assert run(["promote", *runs, *kept, *words]) == 3
        assert said in " ".join(capsys.readouterr().err.split())
    # the champion is no challenger of anybody's, nor of its own
    swapped = [runs[1], runs[0], *runs[2:]]
    assert run(["promote", *swapped, *kept]) == 0
    assert "No registry keeps this look" in " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("shadow")
@pytest.mark.parametrize("arm", ["one", "other"])
def test_a_run_that_was_changed_is_not_looked_at(arm, models, place, tmp_path, capsys):
    there = tmp_path / "changed"
    shutil.copytree(place / "runs" / name(place, arm), there)
    equity = pl.read_parquet(there / "equity.parquet")
    grown = (pl.col("equity", "equity_usd") * (pl.int_range(pl.len()) / 288 * 0.02).exp()).cast(
        pl.Int64
    )
    equity.with_columns(grown).write_parquet(there / "equity.parquet")
    runs = [str(there) if each == arm else name(place, each) for each in ("one", "other")]
    kept = ["--out", str(place / "runs"), "--registry", str(tmp_path / "registry"), "--at", OVER]
    assert run(["promote", *runs, *kept, "--day", "28"]) == 3
    said = " ".join(capsys.readouterr().err.split())
    assert f"the run {name(place, arm)} is not what the ledger booked" in said
    assert models("show v0002 --json") == 0
    moves = json.loads(capsys.readouterr().out)["history"]
    assert [each["how"] for each in moves] == ["published", "moved", "planned"]


@pytest.mark.usefixtures("shadow")
def test_a_run_with_other_settings_than_its_recipe_is_not_looked_at(place, tmp_path, capsys):
    """The models are the recipe's, what is made of their votes is not."""
    panel = part(quorate.synthetic(n_coins=5, days=70, planted_edge=2.0), 26 * 288, 70 * 288)
    shutil.copytree(place / "runs", tmp_path / "runs")
    settings = quorate.read_settings(overrides=dict(LIVELY) | {"consensus.k": "9"})
    done = quorate.run(panel, settings, models=place / "one", out=tmp_path / "runs")
    runs = [done.run_id, name(place, "other"), "--out", str(tmp_path / "runs")]
    kept = ["--registry", str(tmp_path / "registry"), "--at", OVER, "--day", "28"]
    assert run(["promote", *runs, *kept]) == 3
    said = " ".join(capsys.readouterr().err.split())
    k = quorate.read_settings(overrides=dict(LIVELY))["consensus"]["k"]
    assert "has other settings than the recipe of v0001" in said
    assert f"consensus.k is 9.0, the recipe has {k}" in said


@pytest.mark.usefixtures("champion")
def test_without_figures_nothing_gets_on_and_a_reason_is_shown(models, capsys):
    publish = "publish {place}/other --audit {place}/audit.json"
    assert models(publish, "--why", "no engines", at=BEGUN) == 0
    assert models("stage v0002 shadow", "--why", "beside it", at=BEGUN) == 3
    said = " ".join(capsys.readouterr().err.split())
    for word in ("(DSR) is missing", "(PBO) is missing", "(SPA) is missing", "(CPCV) is missing"):
        assert word in said
    assert "costs x 1.5, USD, is missing" in said
    why = ["--override", "it has no rules to choose"]
    assert models("stage v0002 shadow", "--why", "beside it", *why, at=BEGUN) == 0
    assert models("show v0002") == 0
    assert "OVERRIDDEN    to shadow: it has no rules to choose; lacking: closed trades out" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("ls", 3, "holds no registry"),
        ("rollback --why lost", 3, "holds no registry"),
        ("publish {place}/one --audit {place}/one.run --why x", 3, "the audit"),
        ("publish {place} --audit {place}/audit.json --why x", 3, "holds no model set"),
        ("publish {place}/one --why x", 2, ""),
        ("ls --set models.max_age_days=0", 2, "outside (0, 3650]"),
    ],
)
def test_what_cannot_be_is_refused(models, words, code, said, capsys):
    assert models(words) == code
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("champion")
def test_a_version_that_was_damaged_is_named(models, tmp_path, capsys):
    path = tmp_path / "registry" / "v0001" / "set.model"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    assert models("ls --verify") == 3
    assert "v0001: model file" in capsys.readouterr().err


@pytest.mark.usefixtures("champion")
def test_only_a_champion_goes_back(models, capsys):
    assert models("rollback --why lost") == 3
    assert "no champion before this one" in capsys.readouterr().err
    assert models("stage v0001 retired --why lost") == 3
    assert "v0001 is champion and cannot become retired" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--day", "15"], "day 15 is not one of the looks (14, 21, 28)"),
        (["--day", "28", "--max-days", "30"], "a plan lasts 28 days, or 90"),
        (["--day", "28", "--challengers", "0"], "outside [1, 100]"),
        (["--day", "28", "--start", "2024-1-1"], "no day"),
    ],
)
def test_a_look_that_is_not_in_the_plan_is_refused(place, words, said, capsys):
    runs = [name(place, "one"), name(place, "other"), "--out", str(place / "runs")]
    assert run(["promote", *runs, *words]) == 2
    assert said in capsys.readouterr().err


def test_recipes_differ_by_what_is_named():
    assert changed({"a": {"b": 1, "c": [1]}}, {"a": {"b": 1, "c": [2]}, "d": 3}) == [
        "a.c was [1], is [2]",
        "d was None, is 3",
    ]
    assert changed({"a": 1}, {"a": 1}) == []
