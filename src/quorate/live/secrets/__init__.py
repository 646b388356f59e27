"""Secrets: kept encrypted, opened by who may, shown to nobody.

A ``Vault`` reads and writes slots over a backing: age files (``age``), HashiCorp Vault
(``hashicorp``) or AWS Secrets Manager (``aws``). What it opens is a ``SecretProvider``, for one
scope: keys that read, or keys that trade, the latter only on a machine that is enrolled.
"""
