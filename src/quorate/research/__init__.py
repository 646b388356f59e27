"""From bars to what a model may learn from: events, labels, their weights, and splits.

In: prices of a panel. Out: when a sample is taken (``events``), how it ended (``labels``), how much
of it is news (``weights``), and which samples train and which test (``splits``). Everything is
keyed on the absolute bar counter, so a longer history only adds samples. A kernel here calls
kernels of its own file and of the core only: Numba files it by its source, and sees no other.
"""
