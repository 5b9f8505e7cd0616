"""Log lines: one event is one line of JSON whatever is in it, and no number of a person stays in it."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
import structlog

from xinshu.kernel.logs import configure_logs, current_trace, new_trace

_CITIZEN = "990102188901010017"


@pytest.fixture
def lines(monkeypatch):
    """Configures our logs for the test; gives what was written so far, by lines as a simple reader cuts them."""
    root, written = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", written)
    configure_logs("INFO")
    yield lambda: written.getvalue().splitlines()
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param('x\r\n{"event": "forged"}', id="line ends"),
        pytest.param("x\u2028forged\u2029\u0085\u000b\u000c", id="other line ends"),
        pytest.param("\x1b[2J\x1b[31mred\x9b0m\x07\x7f", id="terminal commands"),
        pytest.param("\u202egnp.exe\u2066", id="directions"),
        pytest.param('"}{"\\', id="quotes"),
        pytest.param("\ud800", id="half a character"),
    ],
)
def test_a_hostile_text_is_data_in_one_line(lines, hostile):
    structlog.get_logger("t").warning("file refused", name=hostile)
    logging.getLogger("library").warning("bad value %s", hostile)
    written = lines()
    assert len(written) == 2
    assert [json.loads(each)["event"][:4] for each in written] == ["file", "bad "]
    assert json.loads(written[0])["name"] == hostile
    assert all(each.isprintable() for each in written)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(_CITIZEN, id="citizen"),
        pytest.param("99010218890101001X", id="with X"),
        pytest.param("990102890101001", id="fifteen digits"),
        pytest.param("13800138000", id="mobile"),
        pytest.param("6222020000000000000", id="card"),
    ],
)
@pytest.mark.parametrize("around", ["({})", "a\n{}\nb", "电话{}，", "\x1b{}", '"{}"', "Key (code)=({}) exists", "{}"])
def test_a_number_of_a_person_does_not_stay_in_a_line(lines, number, around):
    log = structlog.get_logger("t")
    log.warning(around.format(number), value=around.format(number), nested={"list": [around.format(number)]})
    try:
        raise ValueError(around.format(number))
    except ValueError:
        log.exception("failed")
    written = lines()
    assert len(written) == 2
    assert all(number not in each and "***" in each for each in written)


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param("11990000000000043T", id="credit code"),
        pytest.param("PL-20261122-0031", id="batch"),
        pytest.param("0189abcd-1234-7abc-8def-138001380001", id="uuid"),
        pytest.param("a" * 10 + "13800138000" + "b" * 43, id="digest"),
        pytest.param("1763712000000", id="milliseconds"),
        pytest.param("4294967296", id="bytes"),
        pytest.param("0.13800138000", id="fraction"),
    ],
)
def test_other_numbers_stay(lines, kept):
    structlog.get_logger("t").warning("x", value=kept)
    (line,) = lines()
    assert json.loads(line)["value"] == kept


def test_a_line_tells_when_where_and_its_trace(lines):
    trace = new_trace()
    structlog.get_logger("xinshu.t").error("x")
    (line,) = lines()
    told = json.loads(line)
    assert trace == current_trace() == told["trace"]
    assert (told["level"], told["logger"]) == ("error", "xinshu.t")
    assert told["timestamp"].endswith("Z")
