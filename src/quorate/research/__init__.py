"""From bars to what a model may learn from, and what was learned: out of fold, and how it is kept.

In: prices of a panel, features and votes of the past. Out: when a sample is taken (``events``), how
it ended (``labels``), how much of it is news (``weights``), which samples train and which test
(``splits``); fitted values that the core reads (``calibrate``, ``edge_map``, ``linear``,
``trees``), and model files that say what they were made of (``model_file``). Everything is keyed on
the absolute bar counter, so a longer history only adds samples. Fits are made by libraries (the
extra ``research``); what a decision reads of them is evaluated by kernels. A kernel here calls
kernels of its own file and of the core only: Numba files it by its source, and sees no other.
"""
