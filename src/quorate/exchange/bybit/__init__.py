"""Bybit's v5 API: public history over listings, and linear perpetuals over the matching engine.

In: requests and websocket texts as Bybit's clients send them. Out: the JSON that Bybit sends, its
errors as a ``retCode`` under HTTP 200.
"""
