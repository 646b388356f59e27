"""Logs and tracebacks without known secrets, whoever writes them.

In: a scrubber. Out: records of ``logging``, of any library, and what the interpreter prints of an
error that nobody caught, scrubbed.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from quorate.live.secrets.scrubber import Scrubber


def install(scrubber: Scrubber) -> Callable[[], None]:
    """Scrub every log record and every uncaught error of this process.

    Parameters
    ----------
    scrubber : Scrubber
        What is known; it may learn more afterwards.

    Returns
    -------
    callable
        Takes it back.

    Notes
    -----
    Units: none.  Causal: from now on.  Missing: none.
    RELIABILITY 5 (log and trace leakage).

    Examples
    --------
    >>> from quorate.live.secrets.scrubber import Scrubber
    >>> from quorate.live.secrets.secret import Secret
    >>> known = Scrubber()
    >>> known.learn(Secret("correct horse"))
    >>> undo = install(known)
    >>> make = logging.getLogRecordFactory()
    >>> make("venue", 20, "", 1, "key %s", ("correct horse",), None).getMessage()
    'key <secret>'
    >>> undo()
    """
    before = (
        logging.getLogRecordFactory(),
        sys.excepthook,
        threading.excepthook,
        sys.unraisablehook,
    )
    made = before[0]

    def record(*args: Any, **kwargs: Any) -> logging.LogRecord:  # noqa: ANN401
        return _scrubbed(made(*args, **kwargs), scrubber)

    def said(
        kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(scrubber.scrub(text))

    logging.setLogRecordFactory(record)
    sys.excepthook = said
    threading.excepthook = lambda lost: said(lost.exc_type, lost.exc_value, lost.exc_traceback)
    sys.unraisablehook = lambda lost: said(lost.exc_type, lost.exc_value, lost.exc_traceback)

    def undo() -> None:
        logging.setLogRecordFactory(before[0])
        sys.excepthook, threading.excepthook, sys.unraisablehook = before[1:]

    return undo


def _scrubbed(record: logging.LogRecord, scrubber: Scrubber) -> logging.LogRecord:
    """Say a record without what is known; its parts are put together first."""
    try:
        told = record.getMessage()
    except (TypeError, ValueError, KeyError):  # its parts do not fit: say them side by side
        told = f"{record.msg} {record.args}"
    record.msg, record.args = scrubber.scrub(told), ()
    if record.exc_info and record.exc_info[0] is not None:
        text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        record.exc_text = scrubber.scrub(text)
        record.exc_info = None  # a handler that formats it anew would show it whole
    if record.stack_info:
        record.stack_info = scrubber.scrub(record.stack_info)
    return record
