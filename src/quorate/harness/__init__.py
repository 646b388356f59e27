"""The fault harness: whole lives of a desk in virtual time, spoilt by a schedule, and checked.

``schedule`` draws from a seed what goes wrong and when, ``scene`` builds exchange, network, store
and desk, ``life`` plays it, ``check`` holds the exchange's truth against the journal and knows
nothing else, ``shrink`` finds the least schedule that still fails.
"""
