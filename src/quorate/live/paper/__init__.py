"""Paper: an account that is ours at a market that is real.

In: what a venue or a file says of prices. Out: a venue that orders can be sent to, matched by the
engine of ``exchange`` at those prices, through the same ccxt client as a real one. ``followed`` is
the price as it was heard, ``record`` what the account did, so that a restart finds it again, and
``venue`` puts them together.
"""
