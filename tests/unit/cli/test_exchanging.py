"""``quorate exchange serve``: one process serves, another trades as it is told to."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from quorate.cli import run

pytest.importorskip("ccxt")


def test_the_program_that_is_printed_trades_against_the_exchange_in_another_process() -> None:
    command = [sys.executable, "-m", "quorate", "exchange", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--seconds", "120"], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            lines = [server.stdout.readline() for _ in range(14)]
            assert "http://127.0.0.1:" in lines[0]
            program = textwrap.dedent("".join(lines[4:]))
            found = subprocess.run(
                [sys.executable, "-c", program],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            server.terminate()
    assert found.stderr == ""
    average, contracts = found.stdout.split()
    assert abs(float(average) / 60_000 - 1) < 0.02
    assert float(contracts) == 0.01


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--coins", "BTC", "btc"], "the coins are 'BTC', 'btc'"),
        (["--coins", "B/C"], "the coins are 'B/C'"),
        (["--balance", "-1"], "the balance is -1, must be above 0 USDT"),
        (["--balance", "much"], "the balance is much, must be above 0 USDT"),
        (["--port", "1"], "cannot listen on port 1"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(
    options: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if options[0] == "--port":  # who is root may take any port
        from quorate.exchange import loopback

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(loopback, "listening", refuse)
    assert run(["exchange", "serve", "--seconds", "0", *options]) == 2
    assert said in capsys.readouterr().err
