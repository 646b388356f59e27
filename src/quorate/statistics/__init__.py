"""What a number is worth: the metrics of a run, and how sure one may be of them.

In: daily returns, closed trades and the lines of the books. Out: numbers with a definition, a
unit and a reference each (``metrics.METRICS``), never an infinity, NaN where undefined.
"""
