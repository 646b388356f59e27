"""The first sentence: how often luck shows as much, said in plain words and never doubled."""

import pytest

from quorate.report.odds import odds, trials_said

NET = {
    "sharpe": 1.2,
    "psr": 0.98,
    "sharpe_low": 0.1,
    "deflated_sharpe": 0.873,
    "n_trials": 9.0,
    "n_effective_trials": 2.31,
    "min_track_record_days": 212.3,
    "min_backtest_days": 300.1,
    "n_days": 90,
}


def test_it_says_the_deflated_chance_the_trials_and_what_is_missing():
    assert odds(NET) == (
        "Without an edge a ratio as high comes by luck in 12.7% of such records (1 − DSR), as the "
        "best of 9 trials that amount to 2.3 independent ones. It needs a track record of 213 "
        "days, there are 90: too few. With so many trials fewer than 301 days show a ratio of 1 "
        "by luck alone."
    )


@pytest.mark.parametrize(
    ("changed", "said", "unsaid"),
    [
        ({"n_days": 250}, "213 days, there are 250. With so many", "too few"),
        ({"n_days": 400}, "213 days, there are 400.", "With so many"),
        ({"n_trials": 1.0, "n_effective_trials": 1.0}, "2.0% of such records (1 − PSR).", "best"),
        ({"n_trials": None}, "(1 − PSR); how many trials there were, nobody counted", "best"),
        ({"n_effective_trials": None}, "as the best of 9 trials. It needs", "independent"),
        ({"sharpe_low": -0.1}, "Without an edge, and were days independent, a ratio", "an edge a"),
        ({"deflated_sharpe": 0.99999}, "in <0.1% of such records", "None"),
        ({"min_track_record_days": None}, "independent ones. With so many", "track record"),
        ({"sharpe": -1.0}, "It is not above 0: no track record is long enough", "It needs"),
        ({"sharpe": -1.0}, "by luck in 12.7% of such records (1 − DSR)", "With so many"),
        ({"sharpe": -1.0}, "true ratio is above 0 all the same is 98.0% (PSR). It is", "None"),
        ({"sharpe": -1.0, "psr": None}, "independent ones. It is not above 0", "(PSR)"),
    ],
)
def test_what_is_known_is_said_and_what_is_not_is_left_out(changed, said, unsaid):
    text = odds(NET | changed)
    assert said in text
    assert unsaid not in text


def test_without_a_ratio_there_are_no_odds():
    assert odds({"sharpe": None}) == ""
    assert odds({"sharpe": 1.0, "n_days": 3}) == ""


def test_one_trial_is_not_several():
    assert trials_said({"n_trials": 2.0, "n_effective_trials": 1.02}) == (
        "2 trials that amount to 1.0 independent one"
    )
