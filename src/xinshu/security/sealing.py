"""Sealing of personal values and files, and the blind indexes that find them again (docs/crypto.md).

A sealed value is a head and what the cipher gives: version 2, algorithm, number of the key (2 bytes), nonce, text, tag.
The head and the place are bound to it: at another place, or with one bit changed, it does not open. Version 1 (version,
number) was written by earlier versions with the key of `keys/data.json`; it is read and never written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Self
from uuid import UUID

import zstandard

from xinshu.security.crypto.chosen import chosen
from xinshu.security.crypto.errors import KeyNotFound, SealBroken
from xinshu.security.crypto.keyring import ENCRYPTING, Key, Keyring, Purpose
from xinshu.security.crypto.normal import first_form, normal_form
from xinshu.security.crypto.provider import CipherName, HashName, OpensMany
from xinshu.security.crypto.takeover import take_over

_OLD_VERSION, _VERSION = 1, 2
_OLD_HEAD, HEAD = 2, 4
_ALGORITHMS = {CipherName.SM4_GCM: 1, CipherName.AES_GCM: 2}
_FRAME = 1 << 20
_INDEX_BYTES = 16


class Vault:
    """The keys of an installation and what they do; notices a rotation by itself."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    @classmethod
    def open(cls, home: Path) -> Self:
        """The keys of this state folder; made on first use, by one process even if several come at once. Those of an
        earlier version are taken over.

        Raises:
            SealBroken, KeyringUnusable: a key file cannot be read.
        """
        keyring = Keyring(home)
        take_over(home, keyring, datetime.now(UTC))
        for purpose in (Purpose.CELLS, Purpose.FILES, Purpose.INDEX, Purpose.DIGEST):
            keyring.active(purpose)
        return cls(keyring)

    # -- cells ---------------------------------------------------------------------------------------------------

    def seal(self, value: bytes, place: bytes) -> bytes:
        """A cell. `place` (table, column, row) is bound to it, not kept in it."""
        return self.seal_many([value], [place])[0]

    def seal_many(self, values: Sequence[bytes], places: Sequence[bytes]) -> list[bytes]:
        """The same for many cells at once."""
        return _seal(self.keyring.active(Purpose.CELLS), values, places)

    def open_cell(self, sealed: bytes, place: bytes) -> bytes:
        """The value of a cell sealed at that place. Raises SealBroken."""
        return self._open(sealed, place, {})

    def open_cells(self, sealed: Sequence[bytes], places: Sequence[bytes]) -> list[bytes]:
        """The values of many cells. Raises SealBroken when one of them does not open."""
        crypto = chosen().crypto
        heads = {each[:HEAD] for each in sealed}
        if len(heads) != 1 or len(sealed) == 1 or not isinstance(crypto, OpensMany):
            return [self._open(each, place, {}) for each, place in zip(sealed, places, strict=True)]
        (head,) = heads
        if head[0] != _VERSION:
            return [self._open(each, place, {}) for each, place in zip(sealed, places, strict=True)]
        key = self._key_of(sealed[0], {})  # judges the head, which all have
        bodies, bound = [each[HEAD:] for each in sealed], [head + each for each in places]
        return crypto.open_many(CipherName(key.facts.algorithm), key.secret, bodies, bound)

    def _open(self, sealed: bytes, place: bytes, keys: Mapping[int, Key]) -> bytes:
        key = self._key_of(sealed, keys)
        cipher = CipherName(key.facts.algorithm)
        if sealed[0] == _OLD_VERSION:
            return chosen().crypto.open(cipher, key.secret, sealed[_OLD_HEAD:], place)
        return chosen().crypto.open(cipher, key.secret, sealed[HEAD:], sealed[:HEAD] + place)

    def _key_of(self, sealed: bytes, keys: Mapping[int, Key]) -> Key:
        """The key that opens a value, once its head is found to be right. Raises SealBroken."""
        number = key_number(sealed)
        try:
            key = keys.get(number) or self.keyring.by_number(number)
        except KeyNotFound as problem:
            raise SealBroken("加密内容的密钥已不在", fix="用加密时的密钥文件打开") from problem
        if key.facts.purpose not in ENCRYPTING:
            raise SealBroken("加密内容的密钥编号不符", fix="用加密时的密钥文件打开")
        if sealed[0] == _OLD_VERSION:
            if not key.facts.legacy:
                raise SealBroken("加密内容的版本或密钥编号不符", fix="用加密时的密钥文件打开")
        elif sealed[1] != _ALGORITHMS[CipherName(key.facts.algorithm)]:
            raise SealBroken("加密内容的算法与密钥不符", fix="从备份恢复该内容")
        return key

    # -- standing for a value ------------------------------------------------------------------------------------

    def blind_index(self, field_name: str, value: str) -> UUID:
        """For writing: equal values of a field, however spelt, have equal indexes; without the key neither can be found
        from the other. The first byte is the key's number: a rotation counts by it and makes the column anew."""
        return _index(self.keyring.active(Purpose.INDEX), field_name, value)

    def blind_indexes(self, field_name: str, values: Sequence[str]) -> list[UUID]:
        """The same for many values."""
        key = self.keyring.active(Purpose.INDEX)
        return [_index(key, field_name, each) for each in values]

    def lookup_indexes(self, field_name: str, value: str) -> list[UUID]:
        """For reading: every index under which the value may stand, the present one first; several during a rotation."""
        return [_index(each, field_name, value) for each in self.keyring.living(Purpose.INDEX)]

    def reference(self, kind: str, value: str) -> UUID:
        """A stand-in that never changes, for what is not made anew: audit rows, tickets, consents. `kind` and spelling as
        for `blind_index`."""
        return UUID(bytes=self._digest(f"reference\0{kind}\0{normal_form(kind, value)}")[:_INDEX_BYTES])

    def identity(self, field_name: str, value: str) -> UUID:
        """What a person's number is inside keys of records, as they have been since the first version."""
        return UUID(bytes=self._digest(f"{field_name}\0{value}")[:_INDEX_BYTES])

    def identities(self, field_name: str, values: Sequence[str]) -> list[UUID]:
        """The same for many values."""
        key = self.keyring.active(Purpose.DIGEST)
        return [UUID(bytes=_mac(key, f"{field_name}\0{each}")[:_INDEX_BYTES]) for each in values]

    def digest_key(self, purpose: str) -> bytes:
        """A derived secret of 32 bytes with which contents are digested, so that a digest tells nothing without it."""
        return self._digest(f"digest\0{purpose}")

    def _digest(self, message: str) -> bytes:
        return _mac(self.keyring.active(Purpose.DIGEST), message)

    # -- files ---------------------------------------------------------------------------------------------------

    def seal_file(self, source: BinaryIO, target: BinaryIO, place: str) -> str:
        """Compress and seal a stream in frames of 1 MiB; returns the SHA-256 of what was read, in hexadecimal."""
        digest, sealer = hashlib.sha256(), self.file_sealer(target, place)
        while block := source.read(_FRAME):
            digest.update(block)
            sealer.write(block)
        sealer.close()
        return digest.hexdigest()

    def file_sealer(self, target: BinaryIO, place: str) -> FileSealer:
        """The same for a stream that is made piece by piece."""
        return FileSealer(lambda frame, at: self._write_frame(target, frame, at), place)

    def open_file(self, source: BinaryIO, place: str) -> Iterator[bytes]:
        """The blocks of a file sealed by `seal_file`. Raises SealBroken, also for one cut short."""
        unpacker = zstandard.ZstdDecompressor().decompressobj()
        for _, _, frame in self._frames(source, place):
            yield unpacker.decompress(frame)

    def reseal_file(self, source: BinaryIO, target: BinaryIO, place: str) -> None:
        """Write a sealed file with the present key; its frames stay compressed as they are. Raises SealBroken."""
        for number, last, frame in self._frames(source, place):
            self._write_frame(target, frame, _frame_place(place, number, last))

    def _write_frame(self, target: BinaryIO, frame: bytes, place: bytes) -> None:
        (sealed,) = _seal(self.keyring.active(Purpose.FILES), [frame], [place])
        target.write(len(sealed).to_bytes(4, "big") + sealed)

    def _frames(self, source: BinaryIO, place: str) -> Iterator[tuple[int, bool, bytes]]:
        """(number, whether the last, compressed bytes) of each frame. Keys destroyed meanwhile stay at hand."""
        keys = self.keyring.living_numbers()
        number, head = 0, source.read(4)
        while head:
            sealed = source.read(int.from_bytes(head, "big"))
            head = source.read(4)
            yield number, not head, self._open(sealed, _frame_place(place, number, not head), keys)
            number += 1
        if number == 0:
            raise SealBroken("加密文件是空的", fix="从备份恢复该文件")


class FileSealer:
    """Compresses what is written and seals it in frames; the file is whole once it is closed."""

    def __init__(self, write: Callable[[bytes, bytes], None], place: str) -> None:
        self._write, self._place = write, place
        self._packer = zstandard.ZstdCompressor(level=1).compressobj()
        self._held, self._number = b"", 0

    def write(self, block: bytes) -> None:
        """The next piece."""
        self._held += self._packer.compress(block)
        while len(self._held) >= _FRAME:
            self._frame(last=False)

    def close(self) -> None:
        """The last piece has been written."""
        self._held += self._packer.flush()
        while self._held:
            self._frame(last=True)

    def _frame(self, *, last: bool) -> None:
        frame, self._held = self._held[:_FRAME], self._held[_FRAME:]
        self._write(frame, _frame_place(self._place, self._number, last and not self._held))
        self._number += 1


def key_number(sealed: bytes) -> int:
    """The number of the key that sealed a value. Raises SealBroken."""
    if len(sealed) > HEAD and sealed[0] == _VERSION:
        return int.from_bytes(sealed[2:HEAD], "big")
    if len(sealed) > _OLD_HEAD and sealed[0] == _OLD_VERSION:
        return sealed[1]
    raise SealBroken("加密内容的版本不符", fix="从备份恢复该内容，或升级程序")


def head_of(key: Key) -> bytes:
    """The head of what a key seals."""
    cipher = CipherName(key.facts.algorithm)
    return bytes((_VERSION, _ALGORITHMS[cipher])) + key.facts.number.to_bytes(2, "big")


def file_keys(source: BinaryIO, *, growing: bool = False) -> set[int]:
    """The numbers of the keys that sealed the frames of a file; reads their heads only.

    Args:
        growing: it is being written, so that its last frame may be incomplete.
    Raises:
        SealBroken.
    """
    numbers: set[int] = set()
    while head := source.read(4):
        start = source.read(HEAD + 1)
        if growing and len(start) <= HEAD:
            break
        numbers.add(key_number(start))
        source.seek(int.from_bytes(head, "big") - len(start), 1)
    return numbers


def _seal(key: Key, values: Sequence[bytes], places: Sequence[bytes]) -> list[bytes]:
    head = head_of(key)
    bound = [head + each for each in places]
    return [head + each for each in chosen().crypto.seal(CipherName(key.facts.algorithm), key.secret, values, bound)]


def _frame_place(place: str, number: int, last: bool) -> bytes:
    return f"{place}\0{number}\0{int(last)}".encode()


def _mac(key: Key, message: str) -> bytes:
    return chosen().crypto.mac(HashName(key.facts.algorithm.removeprefix("hmac-")), key.secret, message.encode())


def _index(key: Key, field_name: str, value: str) -> UUID:
    if key.facts.legacy:  # as it was before keys had numbers and values one form
        return UUID(bytes=_mac(key, f"{field_name}\0{first_form(field_name, value)}")[:_INDEX_BYTES])
    found = _mac(key, f"{field_name}\0{normal_form(field_name, value)}")
    return UUID(bytes=bytes((key.facts.number & 0xFF,)) + found[: _INDEX_BYTES - 1])
