"""An archive on loopback, laid out like the public one, with faults to order.

``with site() as archive`` serves ``archive.files`` (bytes by key): byte ranges, tags, dates, the
XML list of a bucket in pages, 404 for the rest. ``archive.faults[key]`` is a list of what happens
at the next requests of that key, in order; ``archive.log`` is every request that came.
"""

from __future__ import annotations

import csv
import hashlib
import io
import threading
import time
import zipfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

FOLDERS = {"spot": "spot", "um": "futures/um", "cm": "futures/cm"}
KINDS = {
    "ohlcv": "klines",
    "mark": "markPriceKlines",
    "index": "indexPriceKlines",
    "funding": "fundingRate",
}
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore"
)
FUNDING = "calc_time,funding_interval_hours,last_funding_rate"


class Fault(NamedTuple):
    """What happens at one request: a status with headers, a stall, a cut, or something else.

    ``cut`` ends the connection after so many bytes of the body, ``stall`` sends so many and then
    nothing; ``before`` is called first, ``whole`` ignores ranges.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    cut: int = -1
    stall: int = -1
    whole: bool = False
    before: object = None
    slow_s: float = 0.0


class Archive:
    """What is served, and what was asked for."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.log: list[tuple[str, str]] = []
        self.has_list = True
        self.has_tags = True
        self.page = 1000
        self.url = ""
        self.ended = threading.Event()
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    def asked(self, end=".zip"):
        """Return the keys asked for whose names end so, in order."""
        return [key for key, _ in self.log if key.endswith(end)]

    def put(self, key, content, checksum=None):
        """Publish a file and its checksum."""
        digest = checksum or hashlib.sha256(content).hexdigest()
        self.files[key] = content
        self.files[f"{key}.CHECKSUM"] = f"{digest}  {key.rpartition('/')[2]}\n".encode()

    def bars(self, period, symbol="BTCUSDT", interval="5m", market="spot", kind="ohlcv", **how):
        """Publish a month's or a day's bars; return the key."""
        folder = "monthly" if len(period) == 7 else "daily"
        key = (
            f"data/{FOLDERS[market]}/{folder}/{KINDS[kind]}/{symbol}/{interval}/"
            f"{symbol}-{interval}-{period}.zip"
        )
        self.put(key, zipped(key, bars(period, interval, **how)))
        return key

    def funding(self, month, symbol="BTCUSDT", market="um"):
        """Publish a month of settlements, stamped some milliseconds late; return the key."""
        key = (
            f"data/{FOLDERS[market]}/monthly/fundingRate/{symbol}/{symbol}-fundingRate-{month}.zip"
        )
        low, high = span(month)
        rows = [f"{at + 9},8,0.0001{at // 28_800_000 % 10}" for at in range(low, high, 28_800_000)]
        self.put(key, zipped(key, "\n".join([FUNDING, *rows]) + "\n"))
        return key


def span(period):
    """Return the first millisecond of a month or day, and the first behind it."""
    low = datetime.fromisoformat(period if len(period) == 10 else f"{period}-01")
    low = low.replace(tzinfo=UTC)
    high = low + timedelta(days=1 if len(period) == 10 else 32)
    high = high if len(period) == 10 else high.replace(day=1)
    return round(low.timestamp() * 1e3), round(high.timestamp() * 1e3)


def bars(period, interval="5m", *, header=False, micro=False, price=100.0, contracts=0.0, step=0):
    """Return the CSV of a period; ``contracts`` is the worth of one, for coin margins."""
    unit, number = interval[-1], int(interval[:-1])
    step = step or number * {"m": 60_000, "h": 3_600_000, "d": 86_400_000}[unit]
    low, high = span(period)
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    if header:
        out.write(HEADER + "\n")
    times = 1000 if micro else 1
    for at in range(low, high, step):
        n = at // step  # so that a month's file says what its days say
        close = price + n % 7
        coins = 2.0 + n % 3
        count, worth = (close * coins / contracts, coins) if contracts else (coins, close * coins)
        end = (at + step) * times - 1
        prices = (price, close + 1, price - 1, close)
        write([at * times, *prices, count, end, worth, 5, count / 2, worth / 2, 0])
    return out.getvalue()


def zipped(key, text, member=None):
    """Return a zip file of a CSV, whose name follows from the key."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        name = key.rpartition("/")[2].removesuffix(".zip") + ".csv"
        archive.writestr(zipfile.ZipInfo(member or name), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def version(content):
    """Return a tag that changes with the bytes."""
    return hashlib.sha256(content).hexdigest()[:32]


class Answer(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    archive: Archive

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        site = self.archive
        with site.lock:
            site.at_once += 1
            site.most_at_once = max(site.most_at_once, site.at_once)
        try:
            self.answer()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with site.lock:
                site.at_once -= 1

    def answer(self):
        site, parts = self.archive, urlsplit(self.path)
        key = unquote(parts.path).lstrip("/")
        asked = self.headers.get("Range", "")
        is_list = not key
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name = f"?{query.get('prefix', '')}" if is_list else key
        with site.lock:
            site.log.append((name, asked))
            waiting = site.faults.get(name, [])
            fault = waiting.pop(0) if waiting else Fault()
        if fault.before:
            fault.before()
        if fault.status:
            self.send(fault.status, b"no", dict(fault.headers))
            return
        if is_list:
            known = site.has_list
            page = listed(site, query) if known else b"<html>a page for people</html>"
            self.send(200, page, {"Content-Type": "application/xml"}, fault)
            return
        content = site.files.get(key)
        if content is None:
            self.send(404, b"<Error><Code>NoSuchKey</Code></Error>", {})
            return
        tag = f'"{version(content)}"'
        headers = {"ETag": tag} if site.has_tags else {}
        same = self.headers.get("If-Range") in {None, tag}
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if asked and same and not fault.whole:
            if begin >= len(content):
                self.send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            self.send(206, content[begin:], headers, fault)
            return
        self.send(200, content, headers, fault)

    def send(self, status, body, headers, fault=None):
        fault = fault or Fault()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        end = max(fault.cut, fault.stall)
        body = body if end < 0 else body[:end]
        for at in range(0, len(body), 1 << 12):
            self.wfile.write(body[at : at + (1 << 12)])
            if fault.slow_s:
                time.sleep(fault.slow_s)
        self.wfile.flush()
        if fault.stall >= 0:
            self.archive.ended.wait(20)
        if end >= 0:
            self.close_connection = True


def listed(site, query):
    """Return a page of the bucket's list, as S3 answers it."""
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    names = set()
    for key in list(site.files):
        if key.startswith(prefix):
            head, slash, _ = key[len(prefix) :].partition("/")
            names.add(prefix + head + slash)
    behind = sorted(name for name in names if name > marker)
    shown, more = behind[: site.page], len(behind) > site.page
    out = ['<?xml version="1.0" encoding="UTF-8"?>']
    out.append('<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">')
    out.append(f"<Name>archive</Name><Prefix>{escape(prefix)}</Prefix>")
    if more:
        out.append(f"<NextMarker>{escape(shown[-1])}</NextMarker>")
    out.append(f"<IsTruncated>{str(more).lower()}</IsTruncated>")
    for name in shown:
        if name.endswith("/"):
            out.append(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>")
        else:
            tag = version(site.files[name])
            out.append(f"<Contents><Key>{escape(name)}</Key><ETag>&quot;{tag}&quot;</ETag>")
            out.append(f"<Size>{len(site.files[name])}</Size></Contents>")
    return "".join([*out, "</ListBucketResult>"]).encode()


class Server(ThreadingHTTPServer):
    """Ends with its test, whatever its connections do."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_):
        """Say nothing of clients that went away."""


@contextmanager
def site():
    """Serve an archive while the block lasts."""
    archive = Archive()
    server = Server(("127.0.0.1", 0), type("One", (Answer,), {"archive": archive}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    archive.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield archive
    finally:
        archive.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
