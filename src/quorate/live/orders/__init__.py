"""Orders that cannot be lost: their states, the journal's events, the reducer and the resolver.

In: what is to be sent and whatever a venue says. Out: the book, a pure fold of the journal. Each
part is pure but ``desk``, which writes to the journal: ``states`` and ``events`` say what there
is, ``reducer`` folds, ``resolver`` finds out what became of an order without an answer.
"""
