"""Primitives of cryptography are touched in security/crypto alone (docs/crypto.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

_HOME = "src/xinshu/security/crypto/"
_MODULES = {
    "cryptography",
    "gmalg",
    "gmssl",
    "Crypto",
    "Cryptodome",
    "nacl",
    "OpenSSL",
    "tongsuo",
    "ctypes",
    "_ssl",
    "_hashlib",
}
# Digests by SHA-256 that keep no secret, and comparing without telling where two texts differ.
_SHA256 = {
    "src/xinshu/catalogue/services.py": "version of an item's declaration",
    "src/xinshu/collection/canonical.py": "content of a held row, for comparing two stores",
    "src/xinshu/collection/checking.py": "name of a findings file",
    "src/xinshu/collection/rawfiles.py": "name of a file taken in",
    "src/xinshu/kernel/embedded.py": "name of a folder",
    "src/xinshu/kernel/ids.py": "short form of a record's id",
    "src/xinshu/records/canonical.py": "content of a record, for comparing two stores",
    "src/xinshu/records/domain.py": "keyed digests of identity and content, 10 million a load",
    "src/xinshu/security/accounts.py": "a random secret of 256 bits",
    "src/xinshu/security/identity/requests.py": "what stands for a session in lists and records",
    "src/xinshu/security/sealing.py": "name of a file taken in",
}
_HARMLESS = {"sha256", "compare_digest"}
_SYSTEM_CALLS = {
    "src/xinshu/bootstrap/supervisor.py",
    "src/xinshu/kernel/arrow.py",
    "src/xinshu/kernel/memory.py",
}  # ctypes for prctl, Arrow and mallopt, not for libcrypto


def touches(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, what) of everything cryptographic a module touches."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.split(".")[0]
                if top in _MODULES:
                    yield node.lineno, top
        elif isinstance(node, ast.ImportFrom) and node.module:
            top = node.module.split(".")[0]
            if top in _MODULES:
                yield node.lineno, top
            elif top in {"hashlib", "hmac"}:
                yield from ((node.lineno, f"{top}.{each.name}") for each in node.names)
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"hashlib", "hmac"}
        ):
            yield node.lineno, f"{node.value.id}.{node.attr}"


def bypasses(path: str, tree: ast.Module) -> list[str]:
    """What a module touches and may not."""
    if path.startswith(_HOME):
        return []
    found = [(line, what) for line, what in touches(tree)]
    allowed = _HARMLESS if path in _SHA256 else {"ctypes"} if path in _SYSTEM_CALLS else set()
    return [f"{path}:{line} {what}" for line, what in found if what.split(".")[-1] not in allowed]


def test_nobody_else_touches_primitives(sources):
    assert [each for source in sources for each in bypasses(source.path, source.tree)] == []


def test_the_list_of_digests_has_no_entry_too_many(sources):
    using = {each.path for each in sources if any("sha256" in what for _, what in touches(each.tree))}
    assert set(_SHA256) - using == set()


@pytest.mark.parametrize(
    "text",
    [
        "import hashlib\nhashlib.new('sm3')",
        "import hashlib\nhashlib.sha256()",
        "from hashlib import md5",
        "import hmac\nhmac.new(b'', b'', 'sha256')",
        "from cryptography.hazmat.primitives import hashes",
        "import gmalg",
        "import ctypes",
    ],
)
def test_the_guard_sees_a_bypass(text):
    assert bypasses("src/xinshu/records/new.py", ast.parse(text))


def test_system_calls_are_no_way_to_libcrypto(sources):
    texts = {each.path: each.text for each in sources}
    assert all("ctypes" in texts[path] and "crypto" not in texts[path] for path in _SYSTEM_CALLS)


def test_the_list_excuses_only_digests():
    tree = ast.parse("import hashlib\nhashlib.new('sm3')")
    assert bypasses("src/xinshu/kernel/ids.py", tree)
