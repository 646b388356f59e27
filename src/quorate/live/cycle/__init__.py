"""One bar of the desk: what it may know is recorded, decided on, and can be decided again.

In: the inputs of a bar. Out: what was decided, with a digest that a replay has to meet.
"""
