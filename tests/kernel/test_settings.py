"""Settings: read once, refused by name, never repeating a password."""

from __future__ import annotations

import os

import pytest

from xinshu.kernel.errors import SettingInvalid
from xinshu.kernel.settings import Settings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("XINSHU_FILE_MAX_ROWS", "many", id="not a number"),
        pytest.param("XINSHU_FILE_MAX_BYTES", "4X", id="unknown unit"),
        pytest.param("XINSHU_WEB_WORKERS", "-1", id="fewer than none"),
        pytest.param("XINSHU_LOG_LEVEL", "LOUD", id="unknown level"),
        pytest.param("XINSHU_UNHEARD_OF", "1", id="unknown variable"),
    ],
)
def test_a_setting_that_cannot_be_read_is_refused_by_name(variable: str, value: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        Settings.from_env({variable: value})
    assert variable in refused.value.message


def test_the_message_about_the_database_address_does_not_repeat_it() -> None:
    with pytest.raises(SettingInvalid) as refused:
        Settings.from_env({"DATABASE_URL": "mysql://somebody:geheim@localhost/x"})
    assert "DATABASE_URL" in refused.value.message
    assert "geheim" not in refused.value.message + refused.value.fix


def test_sizes_may_be_written_with_units() -> None:
    assert Settings.from_env({"XINSHU_CHUNK_BYTES": "8M"}).chunk_bytes == 8 << 20


def test_the_website_has_a_process_for_each_processor_unless_told_otherwise() -> None:
    assert Settings.from_env({}).web_processes == len(os.sched_getaffinity(0))
    assert Settings.from_env({"XINSHU_WEB_WORKERS": "3"}).web_processes == 3
