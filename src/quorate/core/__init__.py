"""The decision: pure functions over arrays and the memory they carry (DESIGN 1).

``decide`` names the order of the stages; each stage is a package that can be read, tested and
replaced alone. Only ``kernel`` knows Numba. Nothing here reads a clock, a file, a network, a log
or a random number.
"""
