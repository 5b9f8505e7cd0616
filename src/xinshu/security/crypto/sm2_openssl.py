"""SM2 with SM3 through the system's libcrypto 3 or later, which has it; the Python binding `cryptography` has it not.

Calls by EVP_PKEY-SM2(7) of OpenSSL: the signer id is set by EVP_PKEY_CTX_set1_id on a context that is then given to
EVP_DigestSign. Foreign calls release the interpreter's lock; keys are read only and shared between threads.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_ulong, c_void_p
from functools import lru_cache
from typing import Any

SIGNER_ID = b"1234567812345678"  # GB/T 35276-2017, the id when none was agreed [sourced]
_NAMES = ("libcrypto.so.4", "libcrypto.so.3", "libcrypto-3-x64.dll", "libcrypto.3.dylib")
_VERSION_3 = 0x30000000
_LONGEST = 80  # of a signature
_PRIVATE_BYTES = 138
_POINTER = POINTER(c_void_p)

_CALLS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "EVP_PKEY_CTX_new_from_name": (c_void_p, (c_void_p, c_char_p, c_char_p)),
    "EVP_PKEY_CTX_new": (c_void_p, (c_void_p, c_void_p)),
    "EVP_PKEY_CTX_free": (None, (c_void_p,)),
    "EVP_PKEY_CTX_set1_id": (c_int, (c_void_p, c_char_p, c_int)),
    "EVP_PKEY_keygen_init": (c_int, (c_void_p,)),
    "EVP_PKEY_keygen": (c_int, (c_void_p, _POINTER)),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_PKEY_get_bn_param": (c_int, (c_void_p, c_char_p, _POINTER)),
    "EVP_PKEY_get_octet_string_param": (c_int, (c_void_p, c_char_p, c_char_p, c_size_t, POINTER(c_size_t))),
    "BN_bn2binpad": (c_int, (c_void_p, c_char_p, c_int)),
    "BN_clear_free": (None, (c_void_p,)),
    "d2i_PUBKEY": (c_void_p, (_POINTER, _POINTER, ctypes.c_long)),
    "d2i_AutoPrivateKey": (c_void_p, (_POINTER, _POINTER, ctypes.c_long)),
    "EVP_MD_CTX_new": (c_void_p, ()),
    "EVP_MD_CTX_free": (None, (c_void_p,)),
    "EVP_MD_CTX_set_pkey_ctx": (None, (c_void_p, c_void_p)),
    "EVP_sm3": (c_void_p, ()),
    "EVP_sha256": (c_void_p, ()),
    "EVP_DigestInit_ex": (c_int, (c_void_p, c_void_p, c_void_p)),
    "EVP_DigestUpdate": (c_int, (c_void_p, c_void_p, c_size_t)),
    "EVP_DigestFinal_ex": (c_int, (c_void_p, c_void_p, c_void_p)),
    "EVP_DigestSignInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestSign": (c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "EVP_DigestVerifyInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestVerify": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
    "ERR_clear_error": (None, ()),
}


class LibcryptoMissing(Exception):
    """The system has no libcrypto with SM2; the message says what was wrong."""


class _Key:
    """A parsed key, freed with its last reference."""

    def __init__(self, address: int, free: Callable[[int], None]) -> None:
        self.address = address
        self._free = free

    def __del__(self) -> None:
        self._free(self.address)


class OpensslSm2:
    """Signatures by libcrypto."""

    name = "libcrypto"

    def __init__(self, names: tuple[str, ...] = _NAMES) -> None:
        """Raises LibcryptoMissing."""
        self._lib = load_libcrypto(names)
        self._sm3 = self._lib.EVP_sm3()
        self._public = lru_cache(maxsize=64)(self._parse_public)
        self._private = lru_cache(maxsize=16)(self._parse_private)
        if not self._sm3:
            raise LibcryptoMissing("libcrypto has no SM3")
        self.new_pair()

    def new_pair(self) -> tuple[bytes, bytes]:
        """(private number, point) of a fresh pair. Raises LibcryptoMissing where the library was built without SM2."""
        lib, key = self._lib, c_void_p()
        context = lib.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
        if not context:
            lib.ERR_clear_error()
            raise LibcryptoMissing("libcrypto has no SM2")
        try:
            if lib.EVP_PKEY_keygen_init(context) != 1 or lib.EVP_PKEY_keygen(context, byref(key)) != 1:
                lib.ERR_clear_error()
                raise LibcryptoMissing("libcrypto makes no SM2 key")
        finally:
            lib.EVP_PKEY_CTX_free(context)
        try:
            return self._number(key), self._point(key)
        finally:
            lib.EVP_PKEY_free(key)

    def _number(self, key: c_void_p) -> bytes:
        number, buffer = c_void_p(), ctypes.create_string_buffer(32)
        if self._lib.EVP_PKEY_get_bn_param(key, b"priv", byref(number)) != 1:
            raise LibcryptoMissing("libcrypto tells no private number")
        try:
            if self._lib.BN_bn2binpad(number, buffer, 32) != 32:
                raise LibcryptoMissing("libcrypto tells no private number")
            return buffer.raw
        finally:
            self._lib.BN_clear_free(number)

    def _point(self, key: c_void_p) -> bytes:
        buffer, length = ctypes.create_string_buffer(65), c_size_t()
        done = self._lib.EVP_PKEY_get_octet_string_param(key, b"pub", buffer, 65, byref(length))
        if done != 1 or length.value != 65:
            raise LibcryptoMissing("libcrypto tells no point")
        return buffer.raw

    def sign(self, private: bytes, message: bytes) -> bytes:
        """The DER signature of a message under a PKCS #8 key."""
        lib, key = self._lib, self._private(private)
        with _Contexts(lib, key.address) as digest:
            buffer, length = ctypes.create_string_buffer(_LONGEST), c_size_t(_LONGEST)
            begun = lib.EVP_DigestSignInit(digest, None, self._sm3, None, key.address)
            if begun != 1 or lib.EVP_DigestSign(digest, buffer, byref(length), message, len(message)) != 1:
                raise RuntimeError("libcrypto did not sign")
            return buffer.raw[: length.value]

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether a DER signature is right."""
        lib = self._lib
        try:
            key = self._public(public)
        except ValueError:
            return False
        with _Contexts(lib, key.address) as digest:
            begun = lib.EVP_DigestVerifyInit(digest, None, self._sm3, None, key.address)
            return bool(
                begun == 1 and lib.EVP_DigestVerify(digest, signature, len(signature), message, len(message)) == 1
            )

    def _parse_public(self, public: bytes) -> _Key:
        return self._parse(self._lib.d2i_PUBKEY, public)

    def _parse_private(self, private: bytes) -> _Key:
        if len(private) != _PRIVATE_BYTES:
            raise ValueError("not an SM2 private key")
        return self._parse(self._lib.d2i_AutoPrivateKey, private)

    def _parse(self, call: Any, der: bytes) -> _Key:
        start = c_void_p(ctypes.cast(ctypes.c_char_p(der), c_void_p).value)
        address = call(None, byref(start), len(der))
        if not address:
            self._lib.ERR_clear_error()
            raise ValueError("not an SM2 key")
        return _Key(address, self._lib.EVP_PKEY_free)


class _Contexts:
    """A digest context with the signer's id; leaves the error queue of the thread empty."""

    def __init__(self, lib: Any, key: int) -> None:
        self._lib, self._key = lib, key

    def __enter__(self) -> int:
        lib = self._lib
        self._digest, self._context = lib.EVP_MD_CTX_new(), lib.EVP_PKEY_CTX_new(self._key, None)
        if not self._digest or not self._context:
            raise MemoryError
        if lib.EVP_PKEY_CTX_set1_id(self._context, SIGNER_ID, len(SIGNER_ID)) != 1:
            raise RuntimeError("libcrypto takes no signer id")
        lib.EVP_MD_CTX_set_pkey_ctx(self._digest, self._context)
        return int(self._digest)

    def __exit__(self, *_: object) -> None:
        self._lib.EVP_MD_CTX_free(self._digest)
        self._lib.EVP_PKEY_CTX_free(self._context)
        self._lib.ERR_clear_error()


def load_libcrypto(names: tuple[str, ...] = _NAMES) -> Any:
    """The system's library with the prototypes of what is called. Raises LibcryptoMissing."""
    for name in names:
        try:
            lib = ctypes.CDLL(name)
        except OSError:
            continue
        break
    else:
        found = ctypes.util.find_library("crypto") if names == _NAMES else None
        if found is None:
            raise LibcryptoMissing("no libcrypto 3")
        lib = ctypes.CDLL(found)
    try:
        version = lib.OpenSSL_version_num
        version.restype, version.argtypes = c_ulong, ()
        if version() < _VERSION_3:
            raise LibcryptoMissing("libcrypto is older than 3")
        for name, (result, arguments) in _CALLS.items():
            call = getattr(lib, name)
            call.restype, call.argtypes = result, arguments
    except AttributeError as problem:
        raise LibcryptoMissing(str(problem)) from None
    return lib
