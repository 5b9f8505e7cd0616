"""Which provider the process works with: chosen once at its start, asked the known answers before anything else.

`soft` is built in. Another is a Python package with an entry point in the group `xinshu.crypto_providers`: a callable
without arguments that gives a `CryptoProvider` (or a `SignatureProvider`, when only SM2 is taken from it, as from a
signing server). Its name goes into `XINSHU_CRYPTO_PROVIDER` or `XINSHU_SM2_PROVIDER`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import entry_points

from xinshu.security.crypto.errors import ProviderUnknown, SelfTestFailed
from xinshu.security.crypto.known_answers import require_right, require_right_signatures
from xinshu.security.crypto.provider import CipherName, CryptoProvider, HashName, SchemeName, SignatureProvider
from xinshu.security.crypto.sm2_openssl import LibcryptoMissing, OpensslSm2
from xinshu.security.crypto.sm2_pure import PureSm2
from xinshu.security.crypto.soft import SoftProvider

GROUP = "xinshu.crypto_providers"
_SAME = "same"


class Suite(StrEnum):
    """Which algorithms new keys are for. Keys there already keep theirs until they are rotated."""

    SM = "sm"
    INTERNATIONAL = "international"

    @property
    def cipher(self) -> CipherName:
        """Of cells, files and wrapped keys."""
        return CipherName.SM4_GCM if self is Suite.SM else CipherName.AES_GCM

    @property
    def hash(self) -> HashName:
        """Of indexes and digests."""
        return HashName.SM3 if self is Suite.SM else HashName.SHA256

    @property
    def scheme(self) -> SchemeName:
        """Of signatures."""
        return SchemeName.SM2 if self is Suite.SM else SchemeName.ECDSA_P256


@dataclass(frozen=True, slots=True)
class Chosen:
    """The providers in use: of everything, and of SM2 signatures; and the suite of new keys."""

    crypto: CryptoProvider
    sm2: SignatureProvider
    suite: Suite

    def signatures(self, scheme: SchemeName) -> SignatureProvider:
        """Who signs and verifies in this scheme."""
        return self.sm2 if scheme is SchemeName.SM2 else self.crypto


class _State:
    lock = threading.Lock()
    chosen: Chosen | None = None


def start_crypto(crypto: str, sm2: str, suite: Suite = Suite.SM) -> Chosen:
    """Choose by the settings' words and test; call it before anything is sealed or signed.

    Args:
        crypto: `soft` or the name of an installed provider.
        sm2: `same` (as `crypto`), `libcrypto`, `pure`, or the name of an installed provider.
        suite: the algorithms of new keys.
    Raises:
        ProviderUnknown: nothing of that name is installed. SelfTestFailed: it answers wrongly or is not there.
    """
    provider = _make("XINSHU_CRYPTO_PROVIDER", crypto, {"soft": SoftProvider})
    if not isinstance(provider, CryptoProvider):
        raise SelfTestFailed(f"密码模块 {crypto} 缺少必需的功能", fix="核对 XINSHU_CRYPTO_PROVIDER")
    require_right(provider)
    signatures = provider if sm2 == _SAME else _make("XINSHU_SM2_PROVIDER", sm2, _SM2)
    if not isinstance(signatures, SignatureProvider):
        raise SelfTestFailed(f"签名模块 {sm2} 缺少必需的功能", fix="核对 XINSHU_SM2_PROVIDER")
    if signatures is not provider:
        require_right_signatures(signatures, [SchemeName.SM2])
    with _State.lock:
        _State.chosen = Chosen(provider, signatures, suite)
        return _State.chosen


def chosen() -> Chosen:
    """What was chosen; without a choice `soft`, tested at first use."""
    found = _State.chosen
    return start_crypto("soft", _SAME) if found is None else found


def _only_libcrypto() -> SoftProvider:
    return SoftProvider(OpensslSm2())


def _only_pure() -> SoftProvider:
    return SoftProvider(PureSm2())


_SM2: dict[str, Callable[[], object]] = {"soft": SoftProvider, "libcrypto": _only_libcrypto, "pure": _only_pure}


def _make(variable: str, name: str, built_in: dict[str, Callable[[], object]]) -> object:
    """A provider by its name; one that cannot be made fails its test."""
    installed = {each.name: each for each in entry_points(group=GROUP)}
    if name not in built_in and name not in installed:
        known = "、".join(sorted({*built_in, *installed}))
        raise ProviderUnknown(f"{variable}={name}：没有安装这个密码模块", fix=f"可用的有 {known}；或安装提供它的软件包")
    try:
        return built_in[name]() if name in built_in else installed[name].load()()
    except (LibcryptoMissing, ImportError, OSError, RuntimeError) as problem:
        raise SelfTestFailed(f"密码模块 {name} 不能使用：{problem}", fix=f"检查其安装，或改设 {variable}") from problem
