"""Taking over the plain key file of earlier versions, `keys/data.json`, into the keyring.

Its key becomes an old one: what it sealed still opens and is sealed anew in the background, then the key is destroyed. Its index
secret becomes two keys: the old index key, and the lasting one of digests, which must not change with it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from xinshu.security.crypto.errors import SealBroken
from xinshu.security.crypto.keyfile import wipe
from xinshu.security.crypto.keyring import KeyFacts, Keyring, KeyState, Purpose
from xinshu.security.crypto.provider import CipherName, HashName


def take_over(home: Path, keyring: Keyring, now: datetime) -> bool:
    """Move the keys of `keys/data.json`, if there is one, and remove the file; whether there was one.

    Raises:
        SealBroken: the file cannot be read. KeyringUnusable: the keyring cannot be written.
    """
    path = home / "keys" / "data.json"
    if not path.exists():
        return False
    try:
        content = json.loads(path.read_text(encoding="ascii"))
        number, cells, index = content["key_id"], bytes.fromhex(content["sm4"]), bytes.fromhex(content["index"])
    except FileNotFoundError:
        return False  # another process has just done it
    except (OSError, ValueError, KeyError) as problem:
        raise SealBroken(f"数据密钥文件 {path.name} 无法读取", fix="从备份恢复 keys 文件夹，或检查其权限") from problem
    hashed = f"hmac-{HashName.SM3}"
    old = KeyFacts(
        number=number,
        id=f"{Purpose.CELLS}-{number}",
        purpose=Purpose.CELLS,
        algorithm=CipherName.SM4_GCM.value,
        state=KeyState.OLD,
        created_at=now,
        retired_at=now,
        legacy=True,
    )
    keyring.adopt(
        [
            (old, cells),
            (_like(old, number + 1, Purpose.INDEX, hashed), index),
            (replace(_like(old, number + 2, Purpose.DIGEST, hashed), state=KeyState.ACTIVE, retired_at=None), index),
        ]
    )
    keyring.by_number(number)  # readable again before the file goes
    wipe(path)
    return True


def _like(facts: KeyFacts, number: int, purpose: Purpose, algorithm: str) -> KeyFacts:
    return replace(facts, number=number, id=f"{purpose}-{number}", purpose=purpose, algorithm=algorithm)
