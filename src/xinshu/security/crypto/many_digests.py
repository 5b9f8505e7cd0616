"""SHA-256 of many short texts: libcrypto called from a compiled loop, without the interpreter's lock and a Python object
for each. Where the system has no libcrypto, by `hashlib`.

Calls by EVP_DigestInit(3) of OpenSSL: a context is begun again with the digest it had by a type of NULL.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from xinshu.kernel.compiled import compiled
from xinshu.security.crypto.sm2_openssl import LibcryptoMissing, load_libcrypto

SHA256_BYTES = 32

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.int64]

_STEPS = ("EVP_DigestInit_ex", "EVP_DigestUpdate", "EVP_DigestFinal_ex")


def sha256_rows(secret: bytes, buffer: Bytes, starts: Places, sizes: Places) -> Bytes:
    """For each row the SHA-256 of the secret and the row's texts, one after another; shape (rows, 32).

    Args:
        buffer: texts (c, r) are `buffer[starts[c, r]:][:sizes[c, r]]`; shape of the places (columns, rows).
    """
    digests = np.empty((starts.shape[1], SHA256_BYTES), dtype=np.uint8)
    lib = _libcrypto()
    if lib is None:
        _by_hashlib(secret, buffer, starts, sizes, digests)
        return digests
    context, head = lib.EVP_MD_CTX_new(), np.frombuffer(secret, dtype=np.uint8)
    try:
        begun = context and lib.EVP_DigestInit_ex(context, lib.EVP_sha256(), None) == 1
        addresses = np.array([context, head.ctypes.data, buffer.ctypes.data, digests.ctypes.data], dtype=np.int64)
        if not begun or _digest_rows(_steps(), addresses, len(head), starts, sizes):
            raise MemoryError("libcrypto makes no digest")
    finally:
        lib.EVP_MD_CTX_free(context)
    return digests


def _by_hashlib(secret: bytes, buffer: Bytes, starts: Places, sizes: Places, digests: Bytes) -> None:
    whole, stops = buffer.data, starts + sizes
    for row in range(starts.shape[1]):
        digest = hashlib.sha256(secret)
        for start, stop in zip(starts[:, row].tolist(), stops[:, row].tolist(), strict=True):
            digest.update(whole[start:stop])
        digests[row] = np.frombuffer(digest.digest(), dtype=np.uint8)


@cache
def _libcrypto() -> Any:
    try:
        return load_libcrypto()
    except LibcryptoMissing:
        return None


@cache
def _steps() -> Numbers:
    """Addresses of the functions."""
    calls = (getattr(_libcrypto(), name) for name in _STEPS)
    return np.array([ctypes.cast(call, ctypes.c_void_p).value for call in calls], dtype=np.int64)


@intrinsic
def _call(typing: Any, address: Any, one: Any, two: Any, three: Any) -> Any:  # pragma: no cover - runs compiled
    del typing, address, one, two, three

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        del context, signature
        word = ir.IntType(64)
        function = builder.inttoptr(values[0], ir.FunctionType(ir.IntType(32), [word] * 3).as_pointer())
        return builder.call(function, values[1:])

    return types.int32(types.int64, types.int64, types.int64, types.int64), generate


call = cast(Callable[[Any, Any, Any, Any], Any], _call)
"""Compiled code only: the C function at an address with three arguments of 64 bits; a 32-bit number."""


@compiled("int64(int64[::1], int64[::1], int64, int32[:, ::1], int32[:, ::1])")
def _digest_rows(steps: Numbers, addresses: Numbers, head_size: int, starts: Places, sizes: Places) -> int:
    """How many calls failed. `addresses`: of context, secret, texts and digests."""
    context, head, texts, digests = addresses[0], addresses[1], addresses[2], addresses[3]
    begin, update, end = steps[0], steps[1], steps[2]
    failed = 0
    for row in range(starts.shape[1]):
        failed += call(begin, context, np.int64(0), np.int64(0)) != 1
        failed += call(update, context, head, np.int64(head_size)) != 1
        for column in range(starts.shape[0]):
            failed += call(update, context, texts + starts[column, row], np.int64(sizes[column, row])) != 1
        failed += call(end, context, digests + SHA256_BYTES * row, np.int64(0)) != 1
    return failed
