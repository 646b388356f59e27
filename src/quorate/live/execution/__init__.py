"""Parent orders become children: pure functions of what was decided, what children did, and now.

``choosing`` picks venue, schedule and placing; ``step`` says what a parent does next; ``executor``
carries it out; ``stops`` keeps a stop at the venue under every position; ``tca`` measures.
"""
