"""The secret key: one for each installation, for nobody else's eyes."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from xinshu.project.secret_key import SecretKeyUnusable, secret_key


def test_it_is_made_once_and_private(tmp_path: Path):
    first = secret_key(tmp_path)
    assert len(first) >= 50
    assert secret_key(tmp_path) == first
    path = tmp_path / "keys" / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_two_installations_have_two_keys(tmp_path: Path):
    assert secret_key(tmp_path / "one") != secret_key(tmp_path / "two")


def test_processes_that_start_together_agree(tmp_path: Path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(secret_key, [tmp_path] * 32))) == 1


def test_a_key_others_can_read_is_refused(tmp_path: Path):
    secret_key(tmp_path)
    (tmp_path / "keys" / "secret.key").chmod(0o644)
    with pytest.raises(SecretKeyUnusable, match="其他用户"):
        secret_key(tmp_path)


def test_an_empty_key_is_refused(tmp_path: Path):
    secret_key(tmp_path)
    (tmp_path / "keys" / "secret.key").write_text("\n")
    with pytest.raises(SecretKeyUnusable, match="空"):
        secret_key(tmp_path)


def test_a_state_folder_that_is_a_file_is_refused(tmp_path: Path):
    (tmp_path / "home").write_text("")
    with pytest.raises(SecretKeyUnusable, match="不能使用"):
        secret_key(tmp_path / "home")
