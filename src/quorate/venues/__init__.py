"""What the system asks of venues; the only package that knows ccxt and speaks HTTP.

``client`` speaks to one venue, politely and with bounded patience; ``faults`` turns every error of
ccxt into ours; ``paging`` walks a history page by page and notices a page that is not what was
asked for; ``market`` is public market data, read-only, of any venue that ccxt knows; ``frames``
gives rows the columns of the lake. ``http`` fetches files, many at once, resumed and checked, and
``archive`` knows how the public bulk archive is laid out.
"""
