"""Structured logs: one JSON object a line on standard error, each with the trace number of the work it belongs to.

A trace number is `TR-` and 16 hexadecimal digits; the same number is shown to the person who met an error.

No caller logs personal values. Should one get into a message all the same (in that of a library, say), numbers that look
like those of a citizen, a mobile phone or a bank card are taken out of the finished line.
"""

from __future__ import annotations

import contextvars
import logging
import re
import secrets
import sys

import structlog

# Not within a longer word, but also right after an escape: the line is JSON already. [recalled: GB 11643, mobile numbers of
# eleven digits from 13 to 19, cards that begin with 62]
_PERSONAL = re.compile(
    r"(?:(?<![0-9A-Za-z.])|(?<=\\[nrtbf])|(?<=\\u[0-9a-f]{4}))"
    r"(?:[1-9]\d{5}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
    r"|[1-9]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}|1[3-9]\d{9}|62\d{14,17})(?![0-9A-Za-z])"
)
# What JSON leaves as it is and a viewer may take for an end of line, a command or another direction of writing; halves of characters.
_BREAKS = re.compile("[\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_json = structlog.processors.JSONRenderer(ensure_ascii=False)
_trace: contextvars.ContextVar[str] = contextvars.ContextVar("xinshu_trace", default="")


def new_trace() -> str:
    """Begin a piece of work: makes, remembers and returns its trace number."""
    trace = f"TR-{secrets.token_hex(8)}"
    _trace.set(trace)
    return trace


def current_trace() -> str:
    """The trace number of the work under way; begins one when there is none."""
    return _trace.get() or new_trace()


def _add_trace(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event["trace"] = current_trace()
    return event


def _one_line(logger: structlog.typing.WrappedLogger, name: str, event: structlog.typing.EventDict) -> str:
    """The event as one line of JSON, whatever was in it, without numbers of persons."""
    line = str(_json(logger, name, event))
    line = _BREAKS.sub(lambda found: f"\\u{ord(found.group()):04x}", line)
    return _PERSONAL.sub("***", line)


def configure_logs(level: str) -> None:
    """Route all logging, the standard library's too, through one JSON formatter on standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _one_line,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
