"""``quorate exchange serve``: one process serves, another trades as it is told to."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from quorate import simulated_exchange
from quorate.api.exchanging import Served
from quorate.cli import run
from quorate.cli.exchanging import _said
from quorate.exchange.bybit.rows import name
from quorate.exchange.loopback import clock_ms, listening
from quorate.exchange.matching.flow import POINT_MS

if TYPE_CHECKING:
    from quorate.api.exchanging import SpokenDialect

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


@pytest.mark.parametrize("dialect", ["binance-spot", "bybit"])
def test_the_program_of_every_dialect_trades_over_http(
    dialect: SpokenDialect, capsys: pytest.CaptureFixture[str]
) -> None:
    now_ms = clock_ms()
    made = simulated_exchange(["BTC"], start_ms=now_ms - now_ms % POINT_MS, dialect=dialect)

    async def main() -> None:
        async with listening(made) as url:
            text = _said(Served(url, url, "key", "secret", ("BTCUSDT",), dialect))
            program = textwrap.dedent("".join(text.splitlines(keepends=True)[4:]))
            await asyncio.to_thread(exec, program, {})

    asyncio.run(main())
    told, held = capsys.readouterr().out.split()
    (order,) = made.exchange.state.accounts["account"].orders.values()
    assert (order.status, made.exchange.state.mark("BTCUSDT") > 0) == ("FILLED", True)
    if dialect == "bybit":
        assert told == name(2 * order.order_id)
        assert float(held) == 0.01
    else:
        assert abs(float(told) / 60_000 - 1) < 0.02
        assert float(held) == pytest.approx(0.01 * (1 - 0.0005))


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
