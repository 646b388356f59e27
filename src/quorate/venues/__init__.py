"""What the system asks of the venues it trades on; the only package that knows ccxt.

``client`` speaks to one venue, politely and with bounded patience; ``faults`` turns every error of
ccxt into ours; ``paging`` walks a history page by page and notices a page that is not what was
asked for; ``market`` is public market data, read-only, of any venue that ccxt knows; ``frames``
gives rows the columns of the lake.
"""
