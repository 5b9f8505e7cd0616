"""The program does not start with a provider that is unknown, absent or wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from xinshu.security.crypto.chosen import GROUP

MODULE = """
from xinshu.security.crypto.soft import SoftProvider


class Right(SoftProvider):
    name = "right"


class Wrong(Right):
    name = "wrong"

    def digest(self, name, data):
        return super().digest(name, data)[:-1] + b"!"


def absent():
    raise OSError("no such device")
"""


@pytest.fixture
def installed(tmp_path):
    """A folder in which a package with three providers is installed."""
    (tmp_path / "hsm_of_test.py").write_text(MODULE)
    about = tmp_path / "hsm_of_test-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: hsm-of-test\nVersion: 1.0\n")
    lines = ("right = hsm_of_test:Right", "wrong = hsm_of_test:Wrong", "absent = hsm_of_test:absent")
    (about / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
    return tmp_path


def start(home, **variables: str) -> subprocess.CompletedProcess[str]:
    """Start the program on a command that needs Django but no database."""
    environment = {
        "PATH": os.environ["PATH"],
        "XINSHU_HOME": str(home / "home"),
        "PYTHONPATH": str(home),
        **variables,
    }
    command = [sys.executable, "-m", "xinshu.cli", "keys", "list", "--json"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("variables", "code", "named"),
    [
        pytest.param(
            {"XINSHU_CRYPTO_PROVIDER": "hsm"}, "crypto.provider_unknown", "XINSHU_CRYPTO_PROVIDER=hsm", id="unknown"
        ),
        pytest.param(
            {"XINSHU_SM2_PROVIDER": "hsm"}, "crypto.provider_unknown", "XINSHU_SM2_PROVIDER=hsm", id="unknown signer"
        ),
        pytest.param({"XINSHU_CRYPTO_PROVIDER": "wrong"}, "crypto.self_test_failed", "sm3", id="wrong"),
        pytest.param({"XINSHU_SM2_PROVIDER": "absent"}, "crypto.self_test_failed", "absent", id="absent"),
        pytest.param({"XINSHU_CRYPTO_SUITE": "rot13"}, "setting.invalid", "XINSHU_CRYPTO_SUITE", id="unknown suite"),
    ],
)
def test_it_refuses_to_start_and_says_why(installed, variables, code, named):
    done = start(installed, **variables)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (2, code)
    assert named in error["message"]
    assert not (installed / "home" / "keys" / "keyring.json").exists()


def test_it_starts_with_an_installed_provider_that_is_right(installed):
    done = start(installed, XINSHU_CRYPTO_PROVIDER="right", XINSHU_SM2_PROVIDER="libcrypto")
    assert (done.returncode, json.loads(done.stdout)["keys"]) == (0, [])
