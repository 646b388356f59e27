"""When what is done, what becomes of runs that were missed, and who does them (Spec 15).

``jobs`` says what is planned, ``due`` what to do now (pure), ``runner`` does it and writes every
run down, ``leash`` keeps commands from outliving the desk.
"""
