import json
import shutil

import pytest

from quorate.errors import SecretsError
from quorate.live.secrets import enrolment
from quorate.live.secrets.entry import Scope, SecretKind
from quorate.live.secrets.secret import Secret

ONE = Secret("canary-token-one-5521")


@pytest.fixture
def live(open_vault):
    vault = open_vault()
    vault.enrol("ann")
    vault.set("binance", SecretKind.TOKEN, ONE, Scope.TRADE)
    return vault


def test_keys_that_trade_open_on_the_enrolled_box(live):
    assert live.open(Scope.TRADE).get("binance") == ONE


def test_who_does_not_ask_to_trade_sees_none_of_them(live):
    with pytest.raises(SecretsError, match="there is no secret 'binance'"):
        live.open().get("binance")


def test_an_unenrolled_box_is_told_what_to_do_and_makes_nothing(open_vault, folder):
    for ask in (
        lambda vault: vault.open(Scope.TRADE),
        lambda vault: vault.entries(Scope.TRADE),
        lambda vault: vault.set("binance", SecretKind.TOKEN, ONE, Scope.TRADE),
        lambda vault: vault.rotate("binance", Scope.TRADE),
    ):
        with pytest.raises(SecretsError, match=r"not enrolled(.|\n)*quorate secrets enrol --by"):
            ask(open_vault())
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("live")
def test_a_copy_of_everything_opens_nothing_on_another_box(open_vault, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    with pytest.raises(SecretsError, match="another machine's"):
        open_vault("another box", tmp_path / "copy").open(Scope.TRADE)


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("name", ["machine", "holder", "by", "at_ms", "seal"])
def test_an_enrolment_that_somebody_wrote_by_hand_is_refused(open_vault, folder, name):
    path = folder / "enrolment.json"
    row = json.loads(path.read_text())
    row[name] = "another box" if name == "machine" else "0"
    path.write_text(json.dumps(row))
    with pytest.raises(SecretsError, match="stay shut"):
        open_vault("another box" if name == "machine" else "this box").open(Scope.TRADE)


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '"seal"'])
def test_a_damaged_enrolment_is_refused(open_vault, folder, text):
    (folder / "enrolment.json").write_text(text)
    with pytest.raises(SecretsError, match="damaged"):
        open_vault().open(Scope.TRADE)


def test_an_enrolment_that_goes_away_shuts_what_is_open(live, folder, clock):
    opened = live.open(Scope.TRADE)
    (folder / "enrolment.json").unlink()
    clock.ms += 300_000
    with pytest.raises(SecretsError, match="not enrolled"):
        opened.get("binance")


def test_nobody_enrols(open_vault, folder):
    with pytest.raises(SecretsError, match="say who"):
        open_vault().enrol(" ")
    assert not (folder / "enrolment.json").exists()


def test_a_machine_is_named_by_a_digest_of_its_id(tmp_path):
    path = tmp_path / "machine-id"
    with pytest.raises(SecretsError, match="no id"):
        enrolment.machine(path)
    path.write_text("\n")
    with pytest.raises(SecretsError, match="is empty"):
        enrolment.machine(path)
    path.write_text("0123456789abcdef0123456789abcdef\n")
    found = enrolment.machine(path)
    assert len(found) == 64
    assert "0123456789abcdef" not in found
