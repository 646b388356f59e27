"""The simulated exchange and the fold of the decision over history.

``exchange`` runs one bar; ``opening``, ``stops``, ``resting``, ``pov`` and ``settlement`` are its
events in order; ``children`` says how much is sent, ``quotes`` what it pays, ``booking`` writes it
to the books, ``fills`` records it and ``rules`` holds the constants.

``run`` folds exchange and decision over history, ``record`` keeps what a run leaves, ``kept`` its
decisions, which ``spool`` holds on disk; ``memory``
saves and restores, ``remap`` fits a memory to other coins or engines by the table in ``axes``.
"""
