"""Both databases: every test that asks for ``where`` runs on SQLite and on PostgreSQL."""

from tests.unit.store.conftest import clock, store, where

__all__ = ["clock", "store", "where"]
