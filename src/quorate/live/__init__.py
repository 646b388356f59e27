"""The desk: what decides, sends and watches while markets are open. Never imports a venue's client.

In: decisions of the core, a ``Venue``, a store. Out: orders, and a journal that says of each what
is known of it at every moment.
"""
