"""Providers: chosen by name, asked the known answers, refused when one is wrong or absent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from xinshu.security.crypto import chosen as choosing
from xinshu.security.crypto import public_key_pem, signer, start_crypto, verify_signature
from xinshu.security.crypto.errors import KeyringUnusable, ProviderUnknown, SelfTestFailed
from xinshu.security.crypto.keyring import Keyring, Purpose
from xinshu.security.crypto.known_answers import require_right
from xinshu.security.crypto.provider import CipherName, SchemeName, SigningKey
from xinshu.security.crypto.sm2_openssl import LibcryptoMissing, OpensslSm2
from xinshu.security.crypto.sm2_pure import PureSm2
from xinshu.security.crypto.soft import SoftProvider, best_sm2
from xinshu.security.rotation.engine import rotate
from xinshu.security.sealing import Vault


@pytest.fixture(autouse=True)
def back_to_soft():
    yield
    start_crypto("soft", "same")


def _flip(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, list):
        return [_flip(each) for each in value]
    return value[:-1] + bytes((value[-1] ^ 1,))


class Breaking:
    """A provider of which one call gives a wrong answer, for one algorithm."""

    def __init__(self, call: str, algorithm: str, answer=_flip) -> None:
        self._right, self._call, self._algorithm, self._answer = SoftProvider(), call, algorithm, answer
        self.name = "breaking"

    def __getattr__(self, name: str):
        real = getattr(self._right, name)

        def called(algorithm, *rest):
            value = real(algorithm, *rest)
            return self._answer(value) if (name, algorithm) == (self._call, self._algorithm) else value

        return called


@pytest.mark.parametrize("provider", [SoftProvider(OpensslSm2()), SoftProvider(PureSm2())], ids=["libcrypto", "pure"])
def test_the_right_answers_pass(provider):
    require_right(provider)


@pytest.mark.parametrize(
    ("call", "algorithm"),
    [
        *((call, name) for call in ("digest", "mac") for name in ("sm3", "sha256")),
        *((call, name) for call in ("seal", "open") for name in CipherName),
        *((call, name) for call in ("sign", "verify") for name in SchemeName),
    ],
)
def test_each_wrong_answer_stops_the_start(call, algorithm):
    with pytest.raises(SelfTestFailed) as caught:
        require_right(Breaking(call, algorithm))
    assert str(algorithm) in caught.value.message


@pytest.mark.parametrize("call", ["verify", "open"])
def test_a_provider_that_says_yes_to_everything_is_found(call):
    algorithm = "sm2" if call == "verify" else "sm4-gcm"
    text = b"".join(bytes((byte,)) * 8 for byte in bytes.fromhex("aabbccddeeffeeaa"))

    class Credulous(SoftProvider):
        def verify(self, *_):
            return True

        def open(self, *_):
            return text

    broken = SoftProvider()
    setattr(broken, call, getattr(Credulous(), call))
    with pytest.raises(SelfTestFailed) as caught:
        require_right(broken)
    assert algorithm in caught.value.message


def test_a_primitive_that_is_absent_stops_the_start():
    def absent(*_):
        raise OSError("no device")

    broken = SoftProvider()
    broken.sign = absent
    with pytest.raises(SelfTestFailed, match="OSError"):
        require_right(broken)


@pytest.mark.parametrize(("crypto", "sm2"), [("hsm-a", "same"), ("soft", "sign-server-b")])
def test_an_unknown_name_is_refused_and_the_known_ones_told(crypto, sm2):
    with pytest.raises(ProviderUnknown) as caught:
        start_crypto(crypto, sm2)
    wrong, variable = (crypto, "XINSHU_CRYPTO_PROVIDER") if crypto != "soft" else (sm2, "XINSHU_SM2_PROVIDER")
    assert f"{variable}={wrong}" in caught.value.message
    assert "soft" in caught.value.fix


class _Entry:
    """An installed entry point."""

    def __init__(self, name, make) -> None:
        self.name, self._make = name, make

    def load(self):
        return self._make


@pytest.fixture
def install(monkeypatch):
    def installed(name, make):
        monkeypatch.setattr(choosing, "entry_points", lambda group: [_Entry(name, make)] * (group == choosing.GROUP))

    return installed


class Server:
    """Knows SM2 only; its private keys are labels, the keys stay inside."""

    name = "sign-server"

    def __init__(self) -> None:
        self._soft, self._slots = SoftProvider(), {}

    def new_signing_key(self, scheme):
        pair = self._soft.new_signing_key(scheme)
        label = f"slot-{len(self._slots)}".encode()
        self._slots[label] = pair.private
        return SigningKey(pair.public, label)

    def sign(self, scheme, private, message):
        return self._soft.sign(scheme, self._slots[private], message)

    def verify(self, scheme, public, message, signature):
        return self._soft.verify(scheme, public, message, signature)


def test_a_signing_server_takes_the_place_of_sm2_alone(install, tmp_path):
    install("sign-server", Server)
    used = start_crypto("soft", "sign-server")
    assert (used.crypto.name, used.sm2.name) == ("soft", "sign-server")
    signature = signer(tmp_path, "audit").sign(b"x")
    public = public_key_pem(tmp_path, "audit")
    assert Keyring(tmp_path).active(Purpose.AUDIT).secret.startswith(b"slot-")
    start_crypto("soft", "same")
    assert verify_signature(b"x", signature, public)


def test_a_key_of_another_provider_does_not_sign_and_is_replaced_by_a_rotation(install, tmp_path):
    before, public = signer(tmp_path, "audit").sign(b"x"), public_key_pem(tmp_path, "audit")
    install("sign-server", Server)
    start_crypto("soft", "sign-server")
    with pytest.raises(KeyringUnusable) as caught:
        signer(tmp_path, "audit").sign(b"x")
    assert "xinshu keys rotate audit" in caught.value.fix
    rotate(tmp_path, Purpose.AUDIT, datetime(2026, 9, 9, tzinfo=UTC))
    after = signer(tmp_path, "audit").sign(b"x")
    assert verify_signature(b"x", after, public_key_pem(tmp_path, "audit"))
    assert verify_signature(b"x", before, public)


def test_an_installed_module_takes_everything_and_is_tested_too(install):
    class Module(SoftProvider):
        name = "hsm"

    install("hsm", Module)
    assert start_crypto("hsm", "same").sm2.name == "hsm"
    install("hsm", lambda: Breaking("digest", "sm3"))
    with pytest.raises(SelfTestFailed):
        start_crypto("hsm", "same")


@pytest.mark.parametrize("failure", [ImportError("no driver"), OSError("no device"), RuntimeError("not logged in")])
def test_a_module_that_does_not_come_up_stops_the_start(install, failure):
    def broken():
        raise failure

    install("hsm", broken)
    with pytest.raises(SelfTestFailed, match=str(failure)):
        start_crypto("hsm", "same")


def test_without_libcrypto_sm2_falls_back_to_python_and_says_so(monkeypatch, caplog):
    with pytest.raises(LibcryptoMissing):
        OpensslSm2(("libnothing.so.9",))
    with pytest.raises(LibcryptoMissing):
        OpensslSm2(("libc.so.6",))

    def missing():
        raise LibcryptoMissing("none")

    monkeypatch.setattr("xinshu.security.crypto.soft.OpensslSm2", missing)
    assert best_sm2().name == "pure"


class Module(SoftProvider):
    """A module that keeps the key-encryption key itself."""

    name = "hsm"
    _kek = bytes(range(16))

    def wrap_key(self, secret, bound):
        return self.seal(CipherName.SM4_GCM, self._kek, [secret], [bound])[0]

    def unwrap_key(self, wrapped, bound):
        return self.open(CipherName.SM4_GCM, self._kek, wrapped, bound)


def test_with_a_module_that_wraps_keys_there_is_no_key_in_a_file(install, tmp_path):
    install("hsm", Module)
    start_crypto("hsm", "same")
    vault = Vault.open(tmp_path)
    sealed = vault.seal(b"x", b"here")
    assert not (tmp_path / "keys" / "kek.json").exists()
    assert vault.keyring.rotate_kek() == 0
    assert Vault.open(tmp_path).open_cell(sealed, b"here") == b"x"
    start_crypto("soft", "same")
    with pytest.raises(KeyringUnusable):
        Vault.open(tmp_path)


def test_an_installation_moves_from_software_to_a_module(install, tmp_path):
    before = Vault.open(tmp_path)
    sealed = before.seal(b"x", b"here")
    install("hsm", Module)
    start_crypto("hsm", "same")
    assert Vault.open(tmp_path).open_cell(sealed, b"here") == b"x"
    assert (tmp_path / "keys" / "kek.json").exists()
    Vault.open(tmp_path).keyring.rotate_kek()
    assert sorted(each.name for each in (tmp_path / "keys").iterdir()) == ["keyring.json", "lock"]
    assert Vault.open(tmp_path).open_cell(sealed, b"here") == b"x"


@pytest.mark.parametrize(
    "wrong", [lambda self, wrapped, bound: bytes(range(32)), lambda self, wrapped, bound: bytes(32)]
)
def test_a_module_that_wraps_wrongly_does_not_start(install, wrong):
    install("hsm", type("Wrong", (Module,), {"unwrap_key": wrong}))
    with pytest.raises(SelfTestFailed, match="wrap"):
        start_crypto("hsm", "same")
