"""docs/components.csv lists what is pinned, with a licence we may ship; the bill of materials has every file's digest."""

from __future__ import annotations

import csv
import importlib.util
import re
import sys

import pytest

# Weak copyleft at most: files of theirs stay theirs, ours stay ours.
_MAY = {
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "0BSD",
    "Apache-2.0",
    "ISC",
    "PSF-2.0",
    "Zlib",
    "CC0-1.0",
    "MPL-2.0",
}
_MAY |= {"LGPL-3.0-only", "OFL-1.1", "LLVM-exception"}
_BESIDE = {"qrcode": {"Other/Proprietary License"}}  # BSD with a note on the trademark "QR Code" [recalled]


@pytest.fixture(scope="module")
def script(root):
    spec = importlib.util.spec_from_file_location("components", root / "scripts" / "components.py")
    made = importlib.util.module_from_spec(spec)
    sys.modules["components"] = made
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def listed(root):
    with (root / "docs" / "components.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def forbidden(name: str, licence: str) -> list[str]:
    words = [each.strip("() ") for each in re.split(r"\bAND\b|\bOR\b|\bWITH\b", licence)]
    return [each for each in words if each not in _MAY | _BESIDE.get(name, set()) | {"not installed here"}]


def test_the_table_lists_what_is_pinned(script, listed):
    pins = [(each.name, each.version, each.condition) for each in script.read()]
    assert [(each["component"], each["version"], each["condition"]) for each in listed] == pins, "run make docs"
    assert len(pins) > 50


def test_every_licence_may_be_shipped(listed):
    found = {each["component"]: bad for each in listed if (bad := forbidden(each["component"], each["licence"]))}
    assert found == {}
    assert sum(each["licence"] == "not installed here" for each in listed) < 5


def test_the_guard_sees_a_licence():
    assert forbidden("x", "MIT AND AGPL-3.0-only") == ["AGPL-3.0-only"]
    assert forbidden("x", "not stated") == ["not stated"]
    assert forbidden("x", "Other/Proprietary License") == ["Other/Proprietary License"]


def test_the_bill_of_materials_has_every_component_and_digest(script, root):
    components = script.read()
    told = script.bill_of_materials(components, "1.2.3")
    assert (told["bomFormat"], told["metadata"]["component"]["version"]) == ("CycloneDX", "1.2.3")
    assert [each["purl"] for each in told["components"]] == [
        f"pkg:pypi/{each.name}@{each.version}" for each in components
    ]
    digests = [
        h["content"] for each in told["components"] for file in each["externalReferences"] for h in file["hashes"]
    ]
    text = (root / "requirements" / "core.txt").read_text(encoding="utf-8")
    assert sorted(digests) == sorted(re.findall(r"sha256:([0-9a-f]{64})", text))
