"""Checking the folder of a scheduled audit: the list of digests is signed, and each file is as listed."""

from __future__ import annotations

import json
from pathlib import Path

from xinshu.security.auditcheck.errors import EvidenceUnreadable
from xinshu.security.crypto import Signature, sm3, verify_signature

_FORMAT = "xinshu-audit-evidence-1"
_MANIFEST, _SIGNATURE, _KEY = "manifest.json", "manifest.sig", "public-key.pem"


def verify_evidence(folder: Path, public_key: bytes) -> list[str]:
    """What is not as it was signed, in Chinese; empty when all is. A file that was added is named too.

    Raises:
        EvidenceUnreadable: there is no evidence.
    """
    try:
        manifest, text = (folder / _MANIFEST).read_bytes(), (folder / _SIGNATURE).read_text(encoding="ascii").strip()
        listed = json.loads(manifest)["files"]
        signature = Signature.parse(text)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise EvidenceUnreadable(f"目录 {folder} 中没有完整的证据清单", fix="核对目录；清单和签名缺一不可") from problem
    if not verify_signature(manifest, signature, public_key) or json.loads(manifest).get("format") != _FORMAT:
        return ["清单的签名与公钥不符"]
    found = {each.name for each in folder.iterdir()} - {_MANIFEST, _SIGNATURE, _KEY}
    wrong = [f"{name} 不在清单中" for name in sorted(found - set(listed))]
    for name, digest in sorted(listed.items()):
        if name not in found:
            wrong.append(f"{name} 缺失")
        elif sm3((folder / name).read_bytes()).hex() != digest:
            wrong.append(f"{name} 已被改动")
    return wrong
