"""Structured logs: one JSON object a line on standard error, each with the trace number of the work it belongs to.

A trace number is `TR-` and 16 hexadecimal digits; the same number is shown to the person who met an error.
"""

from __future__ import annotations

import contextvars
import logging
import secrets
import sys

import structlog

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
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
