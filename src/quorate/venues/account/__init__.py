"""An account at a venue behind ccxt: what ``venues.base`` asks for, over the real client.

``dialects`` says in which words each venue answers and what it certainly did not execute, ``wire``
builds ccxt's instances and reads every reply before ccxt judges it, ``views`` reads orders and
trades, ``venue`` is the port.
"""
