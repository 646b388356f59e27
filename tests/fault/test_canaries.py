"""Secrets that are planted in every slot are found nowhere, through the whole life of the commands.

Real processes: what they print, log, leave in files and databases, and have in their environments
and arguments is searched for every spelling of every secret.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.live.secrets.vault_server import ROLE, SECRET_ID, serving

from quorate.live.secrets.scrubber import Scrubber
from quorate.live.secrets.secret import Secret

pytestmark = [pytest.mark.fault, pytest.mark.slow]

WORDS = ("one", "two", "three")
PAIRS = [
    json.dumps({"api_key": f"cAnary+api/{word}=4411", "secret": f"cAnary+secret/{word}=9f02"})
    for word in WORDS
]
TOKENS = [f"cAnary token/{word}+5521&" for word in WORDS]
CHILD = """
import asyncio, logging, os, subprocess, sys, urllib.parse
from quorate import Secret, secrets
from quorate.live.guard.watch import opened
from quorate.live.secrets.connecting import connection
from quorate.live.secrets.entry import Scope
from quorate.live.secrets.harden import harden
from quorate.live.secrets.logs import install
from quorate.live.secrets.scrubber import KNOWN

harden(); install(KNOWN)
logging.basicConfig(level=logging.DEBUG, filename="desk.log")
provider = secrets().open(Scope(sys.argv[1]))
key = provider.get("hook").reveal()
logging.warning("hook %s", key)
logging.error("headers %r", {"X-MBX-APIKEY": key})
line = connection(provider, "binance_usdm", ("BTC/USDT:USDT",), "http://127.0.0.1:1")
print(line, provider.get("hook"), [provider.get("hook")], vars(provider))

async def tries():
    venue = opened(line)
    try:
        await venue.open()
    finally:
        await venue.close()

try:
    asyncio.run(tries())
except Exception:
    logging.exception("the venue: %s", urllib.parse.quote(key))
print(subprocess.run(["env"], capture_output=True, text=True).stdout)
raise RuntimeError(f"https://x/?k={urllib.parse.quote_plus(key)}&signature={'ab' * 32}", key)
"""


DRIVER = """
import io, json, sys
from quorate.cli import run

for words, given, code in json.load(sys.stdin):
    sys.stdin = io.StringIO(given)
    print("$", *words, flush=True)
    found = run(words)
    assert found == code, (words, found)
"""


@pytest.fixture
def known():
    made = Scrubber()
    made.learn(*map(Secret, (*PAIRS, *TOKENS, SECRET_ID)))
    return made


@pytest.fixture
def life(tmp_path, known):
    """Return what runs a process to its end and searches all that it left behind."""
    outputs = []
    environ = {name: text for name, text in os.environ.items() if "SECRET" not in name}
    environ |= {"QUORATE_CONFIG_DIR": str(tmp_path / "config")}

    def run(script, *words, given="", code=0):
        args, pipe = [sys.executable, "-c", script, *words], subprocess.PIPE
        with subprocess.Popen(
            args, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path, env=environ
        ) as process:
            place = Path("/proc") / str(process.pid)
            if place.exists():  # it waits for its standard input, or has just begun
                said = (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
                assert not known.knows(said.decode("latin-1"))
            out, err = process.communicate(given, timeout=250)
        assert process.returncode == code, err
        outputs.append((words, out, err))
        return out + err

    yield run
    for words, out, err in outputs:
        assert not known.knows(out), words
        assert not known.knows(err), words
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.parent.name != "given":
            assert not known.knows(path.read_bytes().decode("latin-1")), path


def commands(trade):
    """Return the life of keys of a scope: words, what is typed, the exit code."""
    token = ("--kind", "token")
    for i in range(2):
        yield ("set", "binance_usdm", *trade), PAIRS[i], 0
        yield ("set", "hook", *token, *trade), TOKENS[i], 0
    yield ("rotate", "binance_usdm", *trade), "", 0
    yield ("rotate", "hook", *trade), "", 0
    yield ("set", "hook", *token, *trade), TOKENS[2], 0  # a third slot
    yield ("set", "hook", *trade), TOKENS[2], 2  # of another kind
    yield ("set", "Hook", *trade), PAIRS[2], 2
    yield ("set", "bybit_linear", *trade), TOKENS[1], 2  # is no pair
    yield ("rotate", "bybit_linear", *trade), "", 2


def typed(steps):
    """Return what the driver is given."""
    return json.dumps([[["secrets", *words], given, code] for words, given, code in steps])


@pytest.mark.skipif(not Path("/etc/machine-id").exists(), reason="a machine without an id")
def test_the_life_of_age_files(life, tmp_path):
    url = "http://127.0.0.1:1"  # nobody listens
    steps = [
        *commands([]),
        (("set", "hook", "--trade"), TOKENS[0], 2),
        (("enrol", "--by", "ann"), "", 0),
        *commands(["--trade"]),
        (("list",), "", 0),
        (("list", "--json"), "", 0),
        (("check",), "", 0),
        (("check", "--venue", "binance_usdm", "--url", url), "", 1),
    ]
    told = life(DRIVER, given=typed(steps))
    assert "cannot be opened" in told
    assert "previous" in told
    for scope in ("read-only", "trade"):
        told = life(CHILD, scope, code=1)
        assert "RuntimeError" in told
        assert "<secret>" in told
    assert "the venue: <secret>" in (tmp_path / "desk.log").read_text()
    pause = [[["pause", "--why", "maintenance", "--store", "desk.sqlite"], "", 0]]
    life(DRIVER, given=json.dumps(pause))  # the store is searched too
    assert (tmp_path / "desk.sqlite").exists()
    (tmp_path / "config" / "secrets" / "trade.age").write_bytes(b"spoilt")
    life(DRIVER, given=typed([(("check",), "", 1), (("list",), "", 0)]))


def test_the_life_of_a_vault_server(life, tmp_path):
    token = ("--kind", "token")
    with serving(lambda: 0) as server:
        (tmp_path / "given").mkdir(mode=0o700)

        def step(*words, given="", code=0):
            path = tmp_path / "given" / f"wrapped-{len(server.wraps)}"
            path.write_text(server.wrap())
            path.chmod(0o600)
            said = {"keeper": "hashicorp", "address": server.address, "role_id": ROLE}
            said["wrapped_file"] = str(path)
            sets = [word for n, text in said.items() for word in ("--set", f"secrets.{n}={text}")]
            return (*words, *sets), given, code

        steps = [step("set", "hook", *token, given=each) for each in TOKENS[:2]]
        steps += [step("rotate", "hook"), step("list")]
        assert "previous" in life(DRIVER, given=typed(steps))
        server.fault = lambda path: 503 if "data" in path else None
        life(DRIVER, given=typed([step("set", "hook", *token, given=TOKENS[2], code=2)]))
        server.fault = lambda _path: None
        server.may = ()
        life(DRIVER, given=typed([step("list", code=2), step("check", code=1)]))
        assert (
            json.dumps(TOKENS[1])[1:-1]
            in json.loads(json.dumps(server.kept))["quorate/read-only"][-1]["text"]
        )


def test_a_desk_leaves_no_core_and_lets_nobody_look(life):
    told = life(
        "from quorate.live.secrets.harden import harden; print(harden());"
        "print(open('/proc/self/limits').read())",
    )
    assert "has_core=False" in told
    line = next(line for line in told.splitlines() if line.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"]
