import base64
import io
import json
import logging
import sys
import threading
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.errors import VenueError
from quorate.live.secrets.logs import install
from quorate.live.secrets.scrubber import Scrubber
from quorate.live.secrets.secret import MASK, Secret

CANARY = "cAn/ary+7c1e=Zz&q"


def knowing(text=CANARY):
    known = Scrubber()
    known.learn(Secret(text))
    return known


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), min_size=8, max_size=40),
    st.binary(max_size=4),
    st.binary(max_size=4),
)
def test_no_spelling_is_left(value, before, after):
    known, raw = knowing(value), value.encode()
    around = (before + raw + after).hex(), base64.b64encode(before + raw + after).decode()
    whole = base64.b64encode(before + bytes(len(raw)) + after).decode()
    spelled = [value, quote(value, safe=""), quote_plus(value), quote(value), around[0]]
    spelled += [json.dumps(value), json.dumps(value, ensure_ascii=False)]
    for text in spelled:
        assert MASK in known.scrub(f"a {text} b"), text
    # of base64 at most the two characters at the edges are left, which hold bits of others
    assert MASK in known.scrub(around[1])
    assert len(known.scrub(around[1]).replace(MASK, "")) <= len(whole) - len(raw) * 8 // 6 + 2


def test_a_pair_is_known_in_its_parts():
    known = knowing(json.dumps({"api_key": "k" * 20, "secret": "s" * 20}))
    assert known.scrub(f"{'s' * 20} {'k' * 20}") == f"{MASK} {MASK}"


def test_a_line_of_a_key_is_known_alone():
    lines = ["-----BEGIN-----", "MC4CAQAwBQYDK2VwBCIEIJ", "-----END-----"]
    assert knowing("\n".join(lines)).scrub(f"read {lines[1]}") == f"read {MASK}"


def test_signatures_and_tokens_are_told_by_their_name():
    text = (
        "binance GET https://x/fapi/v1/order?a=1&signature=0123456789abcdef 401 "
        '{"X-MBX-APIKEY": "ABCDEFGHIJ", "listenKey":"pqia91ma19a5s61cv6a81"}'
    )
    found = Scrubber().scrub(text)
    for secret in ("0123456789abcdef", "ABCDEFGHIJ", "pqia91ma19a5s61cv6a81"):
        assert secret not in found
    assert "fapi/v1/order?a=1" in found


def test_an_exception_is_cleansed_with_all_it_came_from():
    known = knowing()
    cause = ValueError({"url": [f"?k={quote(CANARY, safe='')}", CANARY.encode()]})
    cause.add_note(CANARY)
    with pytest.raises(VenueError) as found, known.guarding():
        raise VenueError(f"asked with {CANARY}", hint=CANARY) from cause
    chain = (found.value, found.value.__cause__)
    assert not any(known.knows(f"{e!s} {e!r} {vars(e)}") for e in chain)
    assert found.value.message == f"asked with {MASK}"


def test_logs_and_uncaught_errors_are_scrubbed(monkeypatch):
    known, told = knowing(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    shown = logging.StreamHandler(told)
    log = logging.getLogger("of a library")
    log.addHandler(shown)
    undo = install(known)
    try:
        log.warning("key %r", CANARY)
        try:
            int(CANARY)
        except ValueError as error:
            log.exception("again %s", CANARY, stack_info=True)
            sys.excepthook(type(error), error, error.__traceback__)
        thread = threading.Thread(target=int, args=(CANARY,))
        thread.start()
        thread.join()
    finally:
        undo()
        log.removeHandler(shown)
    assert told.getvalue().count("\nValueError: ") == 3
    assert not known.knows(told.getvalue())
    assert told.getvalue().count(MASK) >= 5
