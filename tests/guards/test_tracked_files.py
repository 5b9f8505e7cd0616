"""What must not be in the repository: addresses of registries, paths of a machine, secrets, unpinned requirements."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

# Written in pieces, so that this file passes its own test.
_FORBIDDEN = {
    "registry address": re.compile(
        r"\b(?:pypi"
        r"\.org|pythonhosted"
        r"\.org|registry\.npm"
        r"js\.org|npmmirror"
        r"\.com|(?:mirrors?|nexus|artifactory)\.[a-z0-9-]+\.[a-z]{2,})"
        r"|--(?:extra-)?index-url[ =]\S*/|--find-links[ =]\S*/"
    ),
    "absolute path of a machine": re.compile(
        r"(?<![\w.$}/-])/(?:root|work|home/[a-z][\w-]*|Users/\w+|opt/(?:pypi|wheels))(?=/|\b)"
    ),
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE" r" KEY-----"),
    "token": re.compile(r"\b(?:ghp_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16})\b"),
}


def offences(text: str) -> list[str]:
    """What the text holds that it must not, with its line number."""
    return [
        f"{number}: {kind}"
        for number, line in enumerate(text.splitlines(), start=1)
        for kind, pattern in _FORBIDDEN.items()
        if pattern.search(line)
    ]


def test_no_file_names_a_registry_a_machine_or_a_secret(root, tracked):
    found: dict[str, list[str]] = {}
    for name in tracked:
        try:
            text = (root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # not a text
        if bad := offences(text):
            found[name] = bad
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("url = https://pyp~i.org/simple", id="registry"),
        pytest.param("--index-~url https://example.test/simple", id="index option"),
        pytest.param("open('/wo~rk/main/x.csv')", id="work folder"),
        pytest.param("# see /ho~me/ann/notes.txt", id="home folder"),
        pytest.param("-----BEGIN PRIVATE~ KEY-----", id="private key"),
    ],
)
def test_the_guard_sees_an_offence(line):
    assert offences(line.replace("~", ""))  # ~ keeps this file itself free of them


@pytest.mark.parametrize(
    "line", ["src/work/list.py", "the home/ page", "https://example.test/home/a", "XINSHU_HOME/keys"]
)
def test_the_guard_leaves_ordinary_words_alone(line):
    assert offences(line) == []


@pytest.mark.parametrize("name", ["core", "dev", "uv", "build"])
def test_requirements_are_pinned_by_hash_and_name_no_address(root: Path, name):
    text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=[a-z0-9])", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    entries = [each.strip() for each in entries if each.strip()]
    assert entries
    for each in entries:
        assert re.match(r"[a-z0-9._\[\]-]+==[^\s;]+( ;[^\\]*)? \\\n", each), each
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", each), each


def test_no_lock_with_addresses(tracked):
    assert "uv.lock" not in tracked
