"""Sealing of personal values and files, and the blind indexes that find them again.

SM4-GCM (GB/T 32907-2016, RFC 8998) with a random 96-bit nonce and associated data that binds a cell to its place;
blind index HMAC-SM3 (GB/T 32905-2016). The data key lies in `XINSHU_HOME/keys/data.json`, mode 0600; its id stands in
every ciphertext. Key wrapping and rotation come with the crypto provider.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self
from uuid import UUID

import zstandard

from xinshu.security.crypto.chosen import chosen
from xinshu.security.crypto.errors import SealBroken
from xinshu.security.crypto.provider import CipherName, HashName

_VERSION = 1
_NONCE = 12
_TAG = 16
_HEAD = 2  # version, key id
_FRAME = 1 << 20


@dataclass(frozen=True, slots=True)
class Vault:
    """The keys of an installation and what they do. The repr shows no key."""

    key_id: int
    _data_key: bytes = field(repr=False)
    _index_key: bytes = field(repr=False)

    @classmethod
    def open(cls, home: Path) -> Self:
        """The keys of this state folder; made on first use, by one process even if several come at once.

        Raises:
            SealBroken: the key file cannot be read.
        """
        path = home / "keys" / "data.json"
        if not path.exists():
            _make_keys(path)
        try:
            content = json.loads(path.read_text(encoding="ascii"))
            return cls(content["key_id"], bytes.fromhex(content["sm4"]), bytes.fromhex(content["index"]))
        except (OSError, ValueError, KeyError) as problem:
            raise SealBroken(
                f"数据密钥文件 {path.name} 无法读取", fix="从备份恢复 keys 文件夹，或检查其权限"
            ) from problem

    def seal(self, value: bytes, place: bytes) -> bytes:
        """Ciphertext of one cell: version, key id, nonce, text, tag. `place` is bound to it, not kept in it."""
        return self.seal_many([value], [place])[0]

    def seal_many(self, values: Sequence[bytes], places: Sequence[bytes]) -> list[bytes]:
        """The same for many cells at once."""
        head = bytes((_VERSION, self.key_id))
        return [head + each for each in chosen().crypto.seal(CipherName.SM4_GCM, self._data_key, values, places)]

    def open_cell(self, sealed: bytes, place: bytes) -> bytes:
        """The value of a cell sealed at that place. Raises SealBroken."""
        if len(sealed) < _HEAD + _NONCE + _TAG or sealed[0] != _VERSION or sealed[1] != self.key_id:
            raise SealBroken("加密内容的版本或密钥编号不符", fix="用加密时的密钥文件打开")
        return chosen().crypto.open(CipherName.SM4_GCM, self._data_key, sealed[_HEAD:], place)

    def blind_index(self, field_name: str, value: str) -> UUID:
        """Equal values of a field have equal indexes; without the key neither can be found from the other."""
        return UUID(bytes=self._hmac(f"{field_name}\0{value}".encode())[:16])

    def _hmac(self, message: bytes) -> bytes:
        return chosen().crypto.mac(HashName.SM3, self._index_key, message)

    def digest_key(self, purpose: str) -> bytes:
        """A derived secret of 32 bytes with which contents are digested, so that a digest tells nothing without it."""
        return self._hmac(f"digest\0{purpose}".encode())

    def seal_file(self, source: BinaryIO, target: BinaryIO, place: str) -> str:
        """Compress and seal a stream in frames of 1 MiB; returns the SHA-256 of what was read, in hexadecimal."""
        digest = hashlib.sha256()
        packer = zstandard.ZstdCompressor(level=1).compressobj()
        held, number = b"", 0

        def write(packed: bytes, last: bool) -> None:
            nonlocal held, number
            held += packed
            while len(held) >= _FRAME or (last and held):
                frame, held = held[:_FRAME], held[_FRAME:]
                sealed = self.seal(frame, f"{place}\0{number}\0{int(last and not held)}".encode())
                target.write(len(sealed).to_bytes(4, "big") + sealed)
                number += 1

        while block := source.read(_FRAME):
            digest.update(block)
            write(packer.compress(block), last=False)
        write(packer.flush(), last=True)
        return digest.hexdigest()

    def open_file(self, source: BinaryIO, place: str) -> Iterator[bytes]:
        """The blocks of a file sealed by `seal_file`. Raises SealBroken, also for one cut short."""
        unpacker = zstandard.ZstdDecompressor().decompressobj()
        number = 0
        head = source.read(4)
        while head:
            sealed = source.read(int.from_bytes(head, "big"))
            head = source.read(4)
            yield unpacker.decompress(self.open_cell(sealed, f"{place}\0{number}\0{int(not head)}".encode()))
            number += 1
        if number == 0:
            raise SealBroken("加密文件是空的", fix="从备份恢复该文件")


def _make_keys(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = {"key_id": 1, "sm4": secrets.token_hex(16), "index": secrets.token_hex(32)}
    part = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.ExitStack() as stack:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        stack.callback(part.unlink, missing_ok=True)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, path)  # the first one wins
