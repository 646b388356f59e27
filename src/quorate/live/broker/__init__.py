"""The broker: journal and venue brought together, so that what is known is what is there.

``send`` is the one place that an order leaves from; ``heard`` turns a venue's answers into events
of the journal, ``inquire`` finds out what became of orders in doubt, ``sweep`` compares the book
with the venue, ``broker`` carries out what the book asks for and begins every life the same.
"""
