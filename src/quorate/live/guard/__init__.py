"""The kill switch: everything cancelled, on request everything closed, and read back to be sure.

It needs nothing of the desk's main loop: its own connection, its own record. ``record`` keeps what
was done before it is done, ``cancelling`` and ``flattening`` do it, ``kill`` is the procedure,
``hearing`` hears the sentinel file, an HTTP request and the store, ``asked`` keeps what waits,
``trial`` asks whether a kill could be carried out, ``watch`` is the guard. ``lifting`` ends a kill.
"""
