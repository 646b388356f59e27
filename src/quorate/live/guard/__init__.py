"""The kill switch: everything cancelled, on request everything closed, and read back to be sure.

It needs nothing of the desk's main loop: its own connection, its own record. ``record`` keeps what
was done before it is done, ``cancelling`` and ``flattening`` do it, ``kill`` is the procedure,
``watch`` waits for the sentinel file, a signal or an HTTP request.
"""
