import copy
import json
import pickle
import traceback
from dataclasses import asdict, dataclass

import pytest

from quorate.live.secrets.secret import Secret

CANARY = "canary-7c1e-value"


@dataclass
class Holder:
    key: Secret


def test_it_shows_itself_in_no_text():
    key = Secret(CANARY)
    texts = [str(key), repr(key), f"{key}", f"{key!r:>30}", "%s %r" % (key, key), str([key])]  # noqa: UP031
    texts += [str(Holder(key)), str({"a": key}), ascii(key), str(vars(Holder(key)))]
    assert not any(CANARY in text for text in texts)
    assert not hasattr(key, "__dict__")


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash])
def test_it_is_not_copied_or_written(write):
    with pytest.raises(TypeError) as found:
        write(Secret(CANARY))
    assert CANARY not in "".join(traceback.format_exception(found.value))


def test_a_record_of_it_is_not_taken_apart():
    with pytest.raises(TypeError):
        asdict(Holder(Secret(CANARY)))


def test_equal_only_to_the_same_secret():
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != Secret(CANARY + "x")
    assert Secret(CANARY) != CANARY


def test_a_wiped_one_holds_nothing():
    key = Secret(CANARY)
    key.wipe()
    assert key.reveal() == ""


def test_a_pair_has_its_texts_as_parts():
    pair = json.dumps({"api_key": "k" * 20, "secret": "s" * 20, "n": 1})
    assert set(Secret(pair).parts()) == {pair, "k" * 20, "s" * 20}
