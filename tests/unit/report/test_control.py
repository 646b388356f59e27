"""The control on a page: what it came to, or how to ask."""

from quorate.report.control import rows, sentence

FOUND = {
    "n": 19,
    "sharpe": 1.5,
    "p_sharpe": 0.1,
    "p_return": 0.15,
    "n_found": 1,
    "markets": [{"sharpe": None}, {"sharpe": 2.0}, {"sharpe": -1.0}],
}


def test_it_counts_who_did_as_well():
    assert sentence(FOUND).endswith("was as high in 1 (p 10.0%).")
    assert sentence(FOUND | {"sharpe": 3.0}).endswith("in none (p 10.0%).")
    assert sentence(None) == ""


def test_the_row_has_the_range_or_says_how_to_ask():
    _, figure, picture, reading = rows(FOUND)[0]
    assert figure == "p 10.0%"
    assert "<svg" in picture
    assert "−1.00 to 2.00" in reading
    assert "by net return p 15.0%; 1 of them would have been believed" in reading
    assert rows(None)[0][1:] == (
        "not asked",
        "",
        "quorate control RUN runs it on bars that mean nothing",
    )


def test_of_too_few_trades_no_ratio_is_told():
    _, figure, picture, reading = rows(FOUND, is_scarce=True)[0]
    assert (figure, picture) == ("p 15.0%", "")
    assert "Sharpe" not in reading
    assert "too few trades for a ratio" in reading
