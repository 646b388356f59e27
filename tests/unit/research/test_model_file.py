"""Model files: the same bytes for the same model, and a clear refusal of anything else."""

import hashlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from quorate.core.features.table import FEATURES
from quorate.errors import ConfigError, DataError, ModelFileError
from quorate.lake import disk
from quorate.records import canonical_json
from quorate.research import container, keys, libraries, model_file
from quorate.research.container import MAGIC, pack, unpack
from quorate.research.model_file import Model, read, write

CERTIFICATE = "ab" * 32
END = 128


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("QUORATE_CONFIG_DIR", str(tmp_path / "config"))


def model(**change):
    given = {
        "kind": "linear",
        "certificate": CERTIFICATE,
        "arrays": {"mean": np.array([1.0, np.nan]), "n": np.array([3], dtype=np.int64)},
        "blobs": {"trees": b'{"a": [1, 2]}'},
        "reads": ("adx", "ret_1h"),
        "settings": {"penalty": 0.1, "names": ["a"], "deep": {"on": True}},
    }
    return Model(**(given | change))


@pytest.fixture
def path(tmp_path):
    where = tmp_path / "models" / "one.model"
    write(where, model())
    return where


def test_what_is_read_is_what_was_written(path):
    found = read(path, kind="linear", certificate=CERTIFICATE)
    wanted = model()
    assert found.remarks == ()
    assert found.model.arrays.keys() == wanted.arrays.keys()
    for name, array in wanted.arrays.items():
        assert found.model.arrays[name].tobytes() == array.tobytes()
        assert found.model.arrays[name].dtype == array.dtype
        assert not found.model.arrays[name].flags.writeable
    for name in ("kind", "certificate", "blobs", "reads", "settings", "runs_on", "libraries"):
        assert getattr(found.model, name) == getattr(wanted, name), name
    assert {"quorate", "numpy", "scikit-learn"} <= found.model.libraries.keys()


def test_the_same_model_is_the_same_bytes(path, tmp_path):
    again = write(tmp_path / "again.model", model())
    assert (tmp_path / "again.model").read_bytes() == path.read_bytes()
    assert again == read(path).digest


def test_the_order_in_which_a_model_is_put_together_does_not_matter(path, tmp_path):
    turned = model(
        arrays=dict(reversed(model().arrays.items())),
        settings=dict(reversed(model().settings.items())),
    )
    assert write(tmp_path / "turned.model", turned) == read(path).digest


def test_layout_and_byte_order_of_an_array_do_not_matter(tmp_path):
    plain = np.arange(6.0).reshape(2, 3)
    digests = {
        write(tmp_path / "a.model", model(arrays={"a": each}))
        for each in (plain, np.asfortranarray(plain), plain.astype(">f8"), plain.T.copy().T)
    }
    assert len(digests) == 1
    assert read(tmp_path / "a.model").model.arrays["a"].tolist() == plain.tolist()


def test_the_digest_is_the_models_and_not_the_signers(path, tmp_path):
    other = keys.signer(tmp_path / "other")
    assert write(tmp_path / "b.model", model(), other) == read(path).digest
    assert (tmp_path / "b.model").read_bytes()[:-96] == path.read_bytes()[:-96]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "trees"},
        {"certificate": "cd" * 32},
        {"arrays": {"mean": np.array([1.0, 2.0])}},
        {"blobs": {}},
        {"reads": ("ret_1h", "adx")},
        {"settings": {"penalty": 0.2}},
        {"runs_on": ("numpy",)},
        {"libraries": {"quorate": "9"}},
    ],
)
def test_whatever_changes_changes_the_digest(path, tmp_path, change):
    assert write(tmp_path / "c.model", model(**change)) != read(path).digest


def test_code_is_part_of_the_digest(monkeypatch, path, tmp_path):
    monkeypatch.setattr(model_file, "code_hash", lambda: "0" * 64)
    assert write(tmp_path / "d.model", model()) != read(path).digest


def test_every_byte_is_held(path):
    """Whichever single bit is turned, the file is refused, and nothing else is raised."""
    held = path.read_bytes()
    for at in range(len(held)):
        path.write_bytes(held[:at] + bytes([held[at] ^ 1 << at % 8]) + held[at + 1 :])
        with pytest.raises(ModelFileError):
            read(path)
    path.write_bytes(held)
    assert read(path).digest


def test_every_length_is_held(path):
    held = path.read_bytes()
    for n in range(len(held)):
        path.write_bytes(held[:n])
        with pytest.raises(ModelFileError):
            read(path)
    path.write_bytes(held + b"\0")
    with pytest.raises(ModelFileError, match="damaged or cut short"):
        read(path)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"", "is not a model file"),
        (b"\x80\x04K\x01.", "is not a model file"),
        (MAGIC, "damaged or cut short: its 16 bytes"),
        (b"quorate model 2\n" + bytes(200), "has layout '2', this version of Quorate reads"),
    ],
)
def test_what_is_no_model_is_told(path, held, said):
    path.write_bytes(held)
    with pytest.raises(ModelFileError, match=said):
        read(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ModelFileError, match="cannot be read: No such file"):
        read(tmp_path / "none.model")


def test_an_unsigned_file_is_refused(path):
    held = path.read_bytes()
    path.write_bytes(held[:-96] + bytes(96))
    with pytest.raises(ModelFileError, match="is not signed"):
        read(path)


def test_a_forged_file_is_refused(path):
    """Somebody changes a number and mends the digest, but has no key."""
    held = path.read_bytes()
    content = held[:-END].replace(b"linear", b"forged")
    path.write_bytes(content + hashlib.sha256(content).digest() + held[-96:])
    with pytest.raises(ModelFileError, match=r"the signature of .* somebody changed it"):
        read(path)


def test_another_key_is_refused_unless_it_is_trusted(path, tmp_path):
    other = keys.signer(tmp_path / "other")
    write(path, model(), other)
    mine, theirs = keys.trusted()[0], other.public
    said = f"signed by the key {keys.fingerprint(theirs)}, trusted are: {keys.fingerprint(mine)}"
    with pytest.raises(ModelFileError, match=said):
        read(path)
    assert read(path, trusted=[other.public]).model.kind == "linear"


def test_a_signature_under_another_public_key_is_refused(path, tmp_path):
    other = keys.signer(tmp_path / "other")
    held = path.read_bytes()
    path.write_bytes(held[:-96] + other.public + held[-64:])
    with pytest.raises(ModelFileError, match="somebody changed it"):
        read(path, trusted=[other.public])


def test_a_signature_of_a_bare_digest_is_none(path):
    held = path.read_bytes()
    by = keys.signer()
    path.write_bytes(held[:-64] + by.sign(held[-END:-96]))
    with pytest.raises(ModelFileError, match="somebody changed it"):
        read(path)


def test_without_a_key_nothing_is_trusted_and_none_is_made(path, monkeypatch, tmp_path):
    monkeypatch.setenv("QUORATE_CONFIG_DIR", str(tmp_path / "fresh"))
    with pytest.raises(ModelFileError, match="trusted are: none"):
        read(path)
    assert not (tmp_path / "fresh").exists()


def test_a_model_in_anothers_place_is_refused(path):
    digest = read(path).digest
    write(path, model(settings={"penalty": 9.0}))
    with pytest.raises(ModelFileError, match=f"the one asked for is {digest}"):
        read(path, digest=digest)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"kind": "trees"}, "the kind of .* is linear, asked for is trees"),
        ({"certificate": "cd" * 32}, f"the certificate of .* is {CERTIFICATE}, asked for is cdcd"),
    ],
)
def test_what_was_not_meant_is_refused(path, wanted, said):
    with pytest.raises(ModelFileError, match=said):
        read(path, **wanted)


def changed_tables():
    first, second, *rest = FEATURES
    new = first._replace(name="brand_new")
    yield (first, *rest), f"'{second.name}' is gone"
    yield (*FEATURES, new), "'brand_new' is new"
    yield (first, second._replace(unit="frac"), *rest), f"'{second.name}' is defined anew"
    yield (first._replace(bars=9), second, *rest), f"'{first.name}' is defined anew"
    yield (second, first, *rest), f"'{first.name}', '{second.name}' are in another place"
    yield (new, second, *rest), f"'{first.name}' is gone; 'brand_new' is new"
    yield tuple(FEATURES[:-7]), "'.*', '.*', '.*', '.*', '.*' and 2 more are gone"


@pytest.mark.parametrize(("table", "said"), list(changed_tables()))
def test_a_changed_feature_table_is_refused_and_the_difference_named(path, table, said):
    with pytest.raises(ModelFileError, match=f"another table of features: {said}"):
        read(path, table=table)


def test_another_version_of_what_evaluates_it_is_refused(path):
    old = libraries.versions() | {"numpy": "1.0"}
    write(path, model(runs_on=("numpy",), libraries=old))
    with pytest.raises(ModelFileError, match=r"evaluated by numpy 1\.0, installed is"):
        read(path)


def test_other_versions_of_what_fitted_it_are_told(path, monkeypatch):
    write(path, model(libraries=libraries.versions() | {"scipy": "0.1", "gone": "2"}))
    remarks = read(path).remarks
    assert remarks[0] == "fitted with gone 2, here is none"
    assert remarks[1].startswith("fitted with scipy 0.1, here is ")
    monkeypatch.setattr(model_file, "code_hash", lambda: "0" * 64)
    assert read(path).remarks[2].startswith("fitted by other code, of version ")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "Linear"}, "kind 'Linear' must match"),
        ({"certificate": "none"}, "certificate is 'none'"),
        ({"libraries": {"numpy": "1"}, "runs_on": ("trees",)}, "runs_on names 'trees'"),
    ],
)
def test_a_model_says_what_it_is_made_of(change, said):
    with pytest.raises(ValueError, match=said):
        model(**change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reads": ("ret_42h",)}, "the model reads 'ret_42h'"),
        ({"arrays": {"a": np.array([object()])}}, "array 'a' is object; only plain numbers"),
        ({"arrays": {"a": np.array(["x"])}}, "only plain numbers"),
        ({"arrays": {"trees": np.ones(1)}}, r"names are used twice: \['trees'\]"),
        ({"settings": {"x": float("nan")}}, "JSON"),
        ({"settings": {"x": object()}}, "canonical JSON"),
    ],
)
def test_what_no_file_can_hold_is_refused_and_nothing_is_written(path, change, said):
    before = path.read_bytes()
    with pytest.raises(ValueError, match=said):
        write(path, model(**change))
    assert path.read_bytes() == before


def test_a_full_disk_leaves_the_old_model(path, monkeypatch):
    before = path.read_bytes()

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk.os, "fsync", full)
    with pytest.raises(DataError, match="was not written"):
        write(path, model(settings={}))
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_that_is_too_large_is_not_read(path, monkeypatch):
    monkeypatch.setattr(container, "MOST_BYTES", 100)
    with pytest.raises(ModelFileError, match="at most 100 are read"):
        read(path)


def signed(head, body=b"", length=None):
    """Return a file whose hash and signature are right, whatever is inside."""
    n = len(head) if length is None else length
    content = MAGIC + n.to_bytes(8, "little") + head + body
    digest = hashlib.sha256(content).digest()
    by = keys.signer()
    return content + digest + by.public + by.sign(container._SAID + digest)


def part(name, held, form="bytes", **change):
    found = {"name": name, "form": form, "n_bytes": len(held)}
    return found | {"sha256": hashlib.sha256(held).hexdigest()} | change


def npy(array, **how):
    import io

    stream = io.BytesIO()
    np.save(stream, array, **how)
    return stream.getvalue()


TURNED = npy(np.asfortranarray(np.ones((2, 3))))


@pytest.mark.parametrize(
    ("header", "body", "said"),
    [
        (b"{", b"", "its header is not JSON"),
        (b'{"parts": []}', b"", "not in its one form"),
        (b'{"parts":[],"parts":[]}', b"", "not in its one form"),
        (b"[]", b"", "not in its one form"),
        ({"parts": 3}, b"", "not in its one form"),
        ({"parts": [3]}, b"", "not in its one form"),
        ({"parts": [part("a", b"x"), part("a", b"x")]}, b"xx", "not in its one form"),
        ({"parts": [part("a", b"x", n_bytes=-1)]}, b"x", "not in its one form"),
        ({"parts": [part("a", b"x", form="pickle")]}, b"x", "not in its one form"),
        ({"parts": [part("a", b"x", n_bytes=2)]}, b"x", "its part 'a' is not what"),
        ({"parts": [part("a", b"y")]}, b"x", "its part 'a' is not what"),
        ({"parts": [part("a", b"x")]}, b"xy", "1 bytes belong to no part"),
        ({"parts": [part("a", b"x", form="npy")]}, b"x", "'a' is not an array of numbers"),
        ({"parts": [part("a", TURNED, form="npy")]}, TURNED, "not written as Quorate writes"),
        ({"parts": []}, b"", "another header than this version of Quorate reads: certificate,"),
    ],
)
def test_what_is_signed_is_still_taken_apart_with_care(path, header, body, said):
    head = header if isinstance(header, bytes) else canonical_json(header).encode()
    path.write_bytes(signed(head, body))
    with pytest.raises(ModelFileError, match=said):
        read(path)


def test_a_header_longer_than_the_file_is_refused(path):
    path.write_bytes(signed(b"{}", length=1 << 60))
    with pytest.raises(ModelFileError, match=r"its header is not JSON|one form"):
        read(path)


def test_an_array_of_objects_is_never_unpickled(path):
    """A pickle inside an array, rightly hashed and signed, is not run."""

    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("it was unpickled",))

    held = npy(np.array([Bomb()], dtype=object))
    header = {"parts": [part("a", held, form="npy")]}
    path.write_bytes(signed(canonical_json(header).encode(), held))
    with pytest.raises(ModelFileError, match="'a' is not an array of numbers"):
        read(path)


def test_packing_is_the_inverse_of_unpacking():
    by = keys.signer()
    held, digest = pack({"a": [1, 2.5]}, {"x": np.array(3.0)}, {"y": b""}, by)
    found = unpack(held, "it", [by.public])
    assert (found.header, found.digest) == ({"a": [1, 2.5]}, digest)
    assert found.arrays["x"].shape == ()
    assert found.blobs == {"y": b""}


def test_a_vault_may_sign(path):
    """Any signer will do: the key need not be in this process."""
    local = keys.signer()
    asked = []
    vault = SimpleNamespace(
        public=local.public, sign=lambda said: asked.append(said) or local.sign(said)
    )
    write(path, model(), vault)
    assert len(asked) == 1
    assert read(path).model.kind == "linear"


def test_without_the_library_the_error_says_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ConfigError, match=r'pip install "quorate\[research\]"'):
        read(path)
