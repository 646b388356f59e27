"""A table says which asset a symbol is, in exact units, and since when that is known."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest

from quorate.errors import DataError, SchemaError
from quorate.lake.assets import Listed, read


def table(where, text):
    path = where / "assets.csv"
    path.write_text(text)
    return path


def test_symbols_are_assets_in_exact_units(tmp_path):
    path = table(
        tmp_path, "symbol,asset,units\nLENDUSDT,aave,0.01\nAAVEUSDT,aave,\nMATICUSDT,pol,1/3\n"
    )
    assert read(path) == {
        "LENDUSDT": Listed("LENDUSDT", "aave", Fraction(1, 100)),
        "AAVEUSDT": Listed("AAVEUSDT", "aave", Fraction(1)),
        "MATICUSDT": Listed("MATICUSDT", "pol", Fraction(1, 3)),
    }


def test_a_row_counts_from_when_it_is_known(tmp_path):
    path = table(
        tmp_path,
        "symbol,asset,known_at\nMATICUSDT,pol,2017-01-01T00:00Z\nPOLUSDT,pol,2024-08-30T12:00Z\n",
    )
    assert read(path)["POLUSDT"].known_ms == 1_725_019_200_000
    assert list(read(path, 1_725_019_199_999)) == ["MATICUSDT"]
    assert list(read(path, 1_725_019_200_000)) == ["MATICUSDT", "POLUSDT"]


def test_a_table_may_be_parquet(tmp_path):
    pl.DataFrame({"symbol": ["A"], "asset": ["a"], "units": [100.0]}).write_parquet(
        tmp_path / "assets.parquet"
    )
    assert read(tmp_path / "assets.parquet") == {"A": Listed("A", "a", Fraction(100))}


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("symbol,name\nA,a\n", SchemaError, "no column asset"),
        ("symbol,asset,units\nA,a,many\n", SchemaError, "units of A are 'many'"),
        ("symbol,asset,units\nA,a,0\n", SchemaError, "units of A are '0', no number above 0"),
        ("symbol,asset,units\nA,a,1/0\n", SchemaError, "units of A are '1/0'"),
        ("symbol,asset\nA,a\nA,b\n", DataError, "two rows of A"),
        ("", DataError, "cannot be read as CSV"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(tmp_path, text, kind, said):
    with pytest.raises(kind, match=said):
        read(table(tmp_path, text))
