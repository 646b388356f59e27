"""Pre-trade controls: every order passes all of them at one gate, or is refused by a control's id.

``limits`` are the bounds, ``facts`` what is known at the moment, ``sizes``, ``prices``, ``pace``
and ``health`` the controls, ``gate`` asks them in order, ``standing`` is what a breach leaves
behind: a state of the desk and blocked symbols, which survive a restart.
"""
