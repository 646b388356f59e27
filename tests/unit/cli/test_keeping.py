import io
import json
import re

import pytest

from quorate.api import vaults
from quorate.cli import run

PAIR = {"api_key": "canary-api-key-4411", "secret": "canary-secret-9f02"}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _desk(monkeypatch, tmp_path):
    monkeypatch.setenv("QUORATE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("QUORATE_CONFIG", "")
    monkeypatch.setattr("quorate.live.secrets.harden.harden", lambda: None)
    monkeypatch.setattr("quorate.live.secrets.logs.install", lambda _: None)


@pytest.fixture
def say(monkeypatch, capsys):
    """Return what runs a command with a standard input, and gives its code and what it said."""

    def said(words, given=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        code = run(["secrets", *words.split()])
        out = capsys.readouterr()
        assert "canary" not in out.out + out.err
        return code, out.out, out.err

    return said


def test_set_rotate_list_check(say, tmp_path):
    assert say("set binance_usdm", json.dumps(PAIR))[:2] == (0, "binance_usdm: kept as current\n")
    assert say("set binance_usdm", json.dumps(PAIR))[1] == "binance_usdm: kept as next\n"
    assert say("rotate binance_usdm --grace-hours 1")[0] == 0
    code, out, err = say("list")
    assert code == 0
    assert [line.split()[3] for line in out.splitlines()] == ["current", "previous"]
    assert "not enrolled" in err
    rows = json.loads(say("list --json")[1])
    assert rows[1]["until_ms"] - rows[0]["rotated_ms"] == 3_600_000
    code, out, _ = say("check")
    assert code == 0
    assert "whoever copies the folder" in out
    (tmp_path / "secrets" / "read-only.key").chmod(0o644)
    code, out, _ = say("check")
    assert code == 1
    assert re.search(r"refused: read-only keys cannot be opened(.|\n)*chmod 600", out)


def test_a_value_comes_from_a_private_file(say, tmp_path):
    path = tmp_path / "value"
    path.write_text("canary-of-a-file-01\n")
    path.chmod(0o644)
    words = f"set hook --kind token --from-file {path}"
    code, _, err = say(words)
    assert code == 2
    assert "chmod 600" in err
    path.chmod(0o600)
    assert say(words)[0] == 0
    assert vaults.secrets().open().get("hook").reveal() == "canary-of-a-file-01"


def test_a_value_is_typed_unseen(monkeypatch):
    typed = iter([PAIR["api_key"], PAIR["secret"]])
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    monkeypatch.setattr("sys.stdin", Terminal())
    assert run(["secrets", "set", "binance_usdm"]) == 0
    found = vaults.secrets().open().get("binance_usdm").reveal()
    assert json.loads(found) == PAIR


def test_no_value_is_an_argument():
    assert run(["secrets", "set", "hook", "a-value-that-is-long"]) == 2
    assert vaults.secrets().entries() == ()


def test_an_old_key_is_refused(say):
    say("set hook --kind token", "canary-hook-5510")
    assert say("check --set secrets.warn_days=1 --set secrets.max_days=1")[0] == 0
    now = vaults._now_ms
    try:
        vaults._now_ms = lambda: now() + 200 * 86_400_000
        code, out, _ = say("check")
    finally:
        vaults._now_ms = now
    assert code == 1
    assert "200 days old, more than 180" in out


def test_values_in_the_environment_and_in_settings_are_refused(say, monkeypatch, tmp_path):
    say("set hook --kind token", "canary-hook-5510")
    monkeypatch.setenv("MY_HOOK", "https://x/canary-hook-5510")
    (tmp_path / "quorate.toml").write_text('[account]\nstore = "canary-hook-5510"\n')
    code, out, _ = say(f"check --config {tmp_path / 'quorate.toml'}")
    assert code == 1
    assert "MY_HOOK" in out
    assert "quorate.toml has a secret in it" in out


@pytest.mark.parametrize(
    "words",
    [
        "list --set secrets.keeper=plain",
        "list --set secrets.max_days=0",
        "list --set secrets.keeper=hashicorp",
        "set hook --set secrets.identity=fd:x",
        "rotate nothing",
        "rotate nothing --grace-hours 9999",
        "set hook --trade",
    ],
)
def test_what_is_wrong_is_a_refusal_with_what_to_do(say, words):
    code, _, err = say(words, json.dumps(PAIR))
    assert code == 2
    assert "next:" in err
