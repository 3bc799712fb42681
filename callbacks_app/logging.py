"""Keep callback tokens out of the logs: whoever reads a log could otherwise answer."""

import logging
import re

_TOKEN = re.compile(r"cbt1\.[A-Za-z0-9_.\-]+")
MASK = "cbt1.[hidden]"


class MaskTokens(logging.Filter):
    """Replace the tokens in a record's message, its arguments and its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record; never drop it."""
        message = record.getMessage()
        if "cbt1." in message:
            record.msg, record.args = masked(message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = masked(record.exc_text)
        return True


def masked(text: str) -> str:
    """Return ``text`` without callback tokens."""
    return _TOKEN.sub(MASK, text)
