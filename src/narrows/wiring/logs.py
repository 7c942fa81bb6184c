"""The gate's own log: one line an event on standard error, as text or JSON."""

import json
import logging
import sys
import time
from typing import Final

from narrows.config.schema import Logging

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class OneLine(logging.Formatter):
    """A line an event. Of an exception only its class and where it was raised: its message may quote a prompt."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        message = record.getMessage().replace("\n", "\\n").replace("\r", "\\r")
        failure = _failure(record)
        if self._as_json:
            event = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": message}
            return json.dumps(event | ({"failure": failure} if failure else {}), ensure_ascii=False)
        return f"{at} {record.levelname.lower():7} {record.name}: {message}" + (f" [{failure}]" if failure else "")


def _failure(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    kind, _, trace = record.exc_info
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace is not None else ""
    return f"{kind.__qualname__}{place}"


def configure(settings: Logging) -> None:
    """Sends the `narrows` loggers to standard error."""
    logger = logging.getLogger("narrows")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(as_json=settings.format == "json"))
    logger.handlers[:] = [handler]
    logger.setLevel(_LEVELS[settings.level])
    logger.propagate = False
