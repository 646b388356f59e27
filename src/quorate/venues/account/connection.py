"""Where an account is and with which key: a small file of its own, for its owner only.

It is what the kill switch starts from, so that it needs neither settings nor a store.
"""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from quorate.errors import ConfigError
from quorate.venues.account.dialects import DIALECTS

if TYPE_CHECKING:
    from pathlib import Path

_NAMES: Final = ("venue", "api_key", "secret", "symbols", "url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An account at a venue.

    Parameters
    ----------
    venue : str
        ``binance_usdm``, ``binance_spot`` or ``bybit_linear``.
    api_key, secret : str
        Not shown when it is printed.
    symbols : tuple of str
        Where orders may be, as ccxt spells them.
    url : str
        Of a simulated exchange on this machine; "" for the venue's own address.
    """

    venue: str
    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    symbols: tuple[str, ...]
    url: str = ""


def read(path: Path) -> Connection:
    """Read a connection from its file.

    Parameters
    ----------
    path : path
        JSON with ``venue``, ``api_key``, ``secret``, ``symbols`` and perhaps ``url``.

    Returns
    -------
    Connection
        Complete.

    Raises
    ------
    ConfigError
        If others may read the file, or something of it is missing, unknown or of a wrong type.

    Notes
    -----
    Units: none.  Causal: none.  Missing: as said.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the connection {path} cannot be read: {error}", hint="give a JSON file"
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"others may read {path}, which has a key in it", hint=f"chmod 600 {path}"
        )
    try:
        row = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path} is no JSON: {error}", hint="see --help for its names") from error
    return _made(path, row)


def _made(path: Path, row: Any) -> Connection:
    if not isinstance(row, dict) or set(row) - set(_NAMES) or set(_NAMES[:4]) - set(row):
        found = sorted(row) if isinstance(row, dict) else type(row).__name__
        raise ConfigError(
            f"{path} has {found}, must have {', '.join(_NAMES[:4])} and perhaps url",
            hint="leave out what is not named so",
        )
    symbols = row["symbols"]
    texts = [row["venue"], row["api_key"], row["secret"], row.get("url", "")]
    is_right = isinstance(symbols, list) and all(isinstance(each, str) for each in symbols + texts)
    if not is_right or not symbols:
        raise ConfigError(f"{path}: symbols is a list of texts, the rest are texts")
    if row["venue"] not in DIALECTS:
        raise ConfigError(
            f"{path}: the venue {row['venue']!r} is not known",
            hint=f"one of {', '.join(DIALECTS)}",
        )
    url = row.get("url", "")
    if url and not url.startswith("http://127.0.0.1:"):
        raise ConfigError(
            f"{path}: the url is {url}, a simulated exchange is at http://127.0.0.1:PORT",
            hint="leave url out for the venue's own address",
        )
    return Connection(
        venue=row["venue"],
        api_key=row["api_key"],
        secret=row["secret"],
        symbols=tuple(symbols),
        url=url,
    )
