"""What the program is built from: docs/components.csv, or with `--cyclonedx` a bill of materials (CycloneDX 1.6) on standard output.

Names, versions and digests are those of requirements/core.txt; licences are what the installed packages say of themselves.
`make docs` writes the table; tests/guards/test_components.py compares it with the pins.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from dataclasses import dataclass
from importlib import metadata
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = ("component", "version", "condition", "licence")
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)\s*(?:;\s*(.*?))?\s*\\?$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NAMES = {  # older ways to say it, by the names of SPDX
    "MIT License": "MIT",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "PSFL": "PSF-2.0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
}


@dataclass(frozen=True)
class Component:
    """A pinned package. `condition`: marker of the pin; `hashes`: SHA-256 of the files that may be installed."""

    name: str
    version: str
    condition: str
    hashes: tuple[str, ...]


def pinned(text: str) -> list[Component]:
    """The components of a list of requirements, in its order."""
    found: list[Component] = []
    for line in text.splitlines():
        if pin := _PIN.match(line):
            found.append(Component(pin[1], pin[2], pin[3] or "", ()))
        elif digest := _HASH.search(line):
            last = found.pop()
            found.append(Component(last.name, last.version, last.condition, (*last.hashes, digest[1])))
    return found


def licence(name: str) -> str:
    """What the installed package says, by SPDX names where we know them; of one not installed here `not installed here`."""
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return "not installed here"
    if stated := said.get("License-Expression"):
        return str(stated)
    classified = [each.split(" :: ")[-1] for each in said.get_all("Classifier") or [] if each.startswith("License :: ")]
    short = (said.get("License") or "").splitlines()
    words = classified or [short[0] if short and len(short[0]) < 40 else ""]
    return " AND ".join(_NAMES.get(each, each) for each in words) or "not stated"


def table(components: list[Component]) -> str:
    """docs/components.csv."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows((each.name, each.version, each.condition, licence(each.name)) for each in components)
    return text.getvalue()


def bill_of_materials(components: list[Component], version: str) -> dict[str, object]:
    """A CycloneDX document."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "xinshu", "version": version}},
        "components": [
            {
                "type": "library",
                "name": each.name,
                "version": each.version,
                "purl": f"pkg:pypi/{each.name}@{each.version}",
                "bom-ref": f"{each.name}@{each.version}",
                "licenses": [{"license": {"name": licence(each.name)}}],
                "externalReferences": [
                    {
                        "type": "distribution",
                        "url": f"pkg:pypi/{each.name}",
                        "hashes": [{"alg": "SHA-256", "content": digest}],
                    }
                    for digest in each.hashes
                ],
            }
            for each in components
        ],
    }


def read() -> list[Component]:
    """The components of this checkout."""
    return pinned((ROOT / "requirements" / "core.txt").read_text(encoding="utf-8"))


if __name__ == "__main__":
    if "--cyclonedx" in sys.argv[1:]:
        print(json.dumps(bill_of_materials(read(), metadata.version("xinshu")), indent=1))
    else:
        (ROOT / "docs" / "components.csv").write_text(table(read()), encoding="utf-8")
