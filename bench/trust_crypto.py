"""Cells and signatures against what they are made of: `cryptography` called bare, and `openssl speed` on this machine."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bench.lines import Line
from xinshu.security.crypto import public_key_pem, signer, verify_signature
from xinshu.security.sealing import Vault

_CELLS = 20_000
_CELL_BYTES = 90  # of a record's personal fields (docs/decisions/0002)
_LEAST = 30_000  # cells a second
_MESSAGE = os.urandom(200)


def run(home: Path, rounds: int) -> list[Line]:
    """The lines, ours and the limit by turns."""
    lines = _cells(Vault.open(home), rounds)
    openssl = shutil.which("openssl")
    return [*lines, *(_signatures(home, openssl, rounds) if openssl else [])]


def _cells(vault: Vault, rounds: int) -> list[Line]:
    values = [os.urandom(_CELL_BYTES) for _ in range(_CELLS)]
    places = [b"records_record\0sealed\0" + os.urandom(16) for _ in range(_CELLS)]
    key = algorithms.SM4(os.urandom(16))
    bare_cells: list[tuple[bytes, bytes, bytes]] = []
    sealed: list[bytes] = []

    def bare_seal() -> None:
        bare_cells.clear()
        for value, place in zip(values, places, strict=True):
            nonce = os.urandom(12)
            encryptor = Cipher(key, modes.GCM(nonce)).encryptor()
            encryptor.authenticate_additional_data(place)
            bare_cells.append((nonce, encryptor.update(value) + encryptor.finalize(), encryptor.tag))

    def seal() -> None:
        sealed[:] = vault.seal_many(values, places)

    def bare_open() -> None:
        for (nonce, text, tag), place in zip(bare_cells, places, strict=True):
            decryptor = Cipher(key, modes.GCM(nonce, tag)).decryptor()
            decryptor.authenticate_additional_data(place)
            decryptor.update(text) + decryptor.finalize()

    def open_all() -> None:
        for cell, place in zip(sealed, places, strict=True):
            vault.open_cell(cell, place)

    sealing, bare_sealing = _by_turns(seal, bare_seal, _CELLS, rounds)
    opening, bare_opening = _by_turns(open_all, bare_open, _CELLS, rounds)
    return [
        Line("SM4-GCM cells sealed", sealing, "/s", "cryptography called bare", bare_sealing, 0.5),
        Line("SM4-GCM cells sealed, at least", sealing, "/s", "the floor of issue 4", _LEAST, 1.0),
        Line("SM4-GCM cells opened", opening, "/s", "cryptography called bare", bare_opening, 0.5),
    ]


def _signatures(home: Path, openssl: str, rounds: int) -> list[Line]:
    ours, public = signer(home, "report"), public_key_pem(home, "report")
    signature = ours.sign(_MESSAGE)
    signing, verifying, limits = [], [], []
    for _ in range(rounds):
        limits.append(_openssl_speed(openssl))
        signing.append(_rate(lambda: ours.sign(_MESSAGE)))
        verifying.append(_rate(lambda: verify_signature(_MESSAGE, signature, public)))
    sign, verify = (statistics.median(each) for each in zip(*limits, strict=True))
    return [
        Line("SM2 sign", statistics.median(signing), "/s", "openssl speed sm2", sign, 0.5),
        Line("SM2 verify", statistics.median(verifying), "/s", "openssl speed sm2", verify, 0.5),
    ]


def _openssl_speed(openssl: str) -> tuple[float, float]:
    """(signatures, verifications) a second, as `openssl speed` counts them."""
    done = subprocess.run([openssl, "speed", "-seconds", "1", "sm2"], capture_output=True, text=True, check=True)
    sign, verify = done.stdout.split()[-2:]
    return float(sign), float(verify)


def _by_turns(ours: Callable[[], None], bare: Callable[[], None], count: int, rounds: int) -> tuple[float, float]:
    """Medians of things a second."""
    pairs = []
    for _ in range(rounds):
        bare_seconds = _seconds(bare)
        pairs.append((count / _seconds(ours), count / bare_seconds))
    first, second = zip(*pairs, strict=True)
    return statistics.median(first), statistics.median(second)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _rate(work: Callable[[], object], seconds: float = 1.0) -> float:
    """Calls a second, for about a second."""
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        for _ in range(20):
            work()
        count += 20
    return count / (time.perf_counter() - begun)
