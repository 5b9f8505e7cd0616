"""Signatures: made with the key of a purpose, checked with the public key alone, by openssl and a second library too."""

from __future__ import annotations

import shutil
import subprocess

import gmalg
import pytest

from xinshu.security.crypto import (
    Signature,
    Suite,
    key_id_of,
    public_key_pem,
    signer,
    signing_keys,
    sm3,
    start_crypto,
    verify_signature,
)
from xinshu.security.crypto.encoding import point_of, signature_numbers, to_der
from xinshu.security.crypto.errors import KeyNotFound, PublicKeyInvalid
from xinshu.security.crypto.keyring import Keyring, Purpose

MESSAGE = "审计链头 42".encode()


@pytest.fixture
def openssl(need) -> str:
    found = shutil.which("openssl")
    need(found is not None, "openssl")
    return str(found)


@pytest.fixture
def international():
    start_crypto("soft", "same", Suite.INTERNATIONAL)
    yield
    start_crypto("soft", "same")


def test_a_signature_names_its_algorithm_and_key_and_is_read_back(tmp_path):
    signature = signer(tmp_path, "audit").sign(MESSAGE)
    public = public_key_pem(tmp_path, "audit")
    assert str(signature).startswith(f"sm2:{key_id_of(public)}:")
    assert Signature.parse(str(signature)) == signature
    assert verify_signature(MESSAGE, signature, public)
    assert verify_signature(MESSAGE, signature, to_der(public))


def test_anything_else_does_not_verify(tmp_path):
    signature = signer(tmp_path, "audit").sign(MESSAGE)
    public, other = public_key_pem(tmp_path, "audit"), public_key_pem(tmp_path, "report")
    flipped = bytearray(signature.value)
    for place in range(len(flipped)):
        flipped[place] ^= 1
        assert not verify_signature(MESSAGE, Signature("sm2", signature.key_id, bytes(flipped)), public)
        flipped[place] ^= 1
    assert not verify_signature(MESSAGE + b" ", signature, public)
    assert not verify_signature(MESSAGE, signature, other)
    assert not verify_signature(MESSAGE, Signature("sm2", key_id_of(other), signature.value), public)
    assert not verify_signature(MESSAGE, Signature("ecdsa-p256", signature.key_id, signature.value), public)
    assert not verify_signature(MESSAGE, Signature("sm2", signature.key_id, b""), public)


@pytest.mark.parametrize("text", ["", "sm2:abc", "sm2:abc:!!", "rsa:abc:AAAA", "sm2:a:b:c"])
def test_a_text_that_is_no_signature(text):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the reason
        Signature.parse(text)


def test_purposes_have_keys_of_their_own_that_survive_the_process(tmp_path):
    audit, report = signer(tmp_path, "audit"), signer(tmp_path, "report")
    assert audit.key_id != report.key_id
    assert signer(tmp_path, "audit").key_id == audit.key_id
    with pytest.raises(KeyNotFound):
        signer(tmp_path, "cells")
    with pytest.raises(KeyNotFound):
        public_key_pem(tmp_path, "report", audit.key_id)


def test_after_a_rotation_old_signatures_verify_by_the_old_public_key(tmp_path):
    ours = signer(tmp_path, "audit")
    before = ours.sign(MESSAGE)
    Keyring(tmp_path).new_key(Purpose.AUDIT, replace_active=True)
    after = ours.sign(MESSAGE)
    assert after.key_id != before.key_id
    assert [each.id for each in signing_keys(tmp_path, "audit")] == [before.key_id, after.key_id]
    assert verify_signature(MESSAGE, before, public_key_pem(tmp_path, "audit", before.key_id))
    assert verify_signature(MESSAGE, after, public_key_pem(tmp_path, "audit"))


def test_the_international_suite_behind_the_same_interface(tmp_path, international):
    signature = signer(tmp_path, "audit").sign(MESSAGE)
    public = public_key_pem(tmp_path, "audit")
    assert signature.algorithm == "ecdsa-p256"
    assert verify_signature(MESSAGE, signature, public)
    assert not verify_signature(MESSAGE + b" ", signature, public)


@pytest.mark.parametrize("key", [b"", b"-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----", b"x" * 91])
def test_a_file_that_is_no_public_key(key):
    with pytest.raises(PublicKeyInvalid):
        verify_signature(MESSAGE, Signature("sm2", "", b""), key)


def test_openssl_verifies_ours_and_we_verify_its(tmp_path, openssl):
    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([openssl, *arguments], cwd=tmp_path, capture_output=True, check=False)

    identity = ("-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
    (tmp_path / "m").write_bytes(MESSAGE)
    signature = signer(tmp_path, "report").sign(MESSAGE)
    (tmp_path / "s").write_bytes(signature.value)
    (tmp_path / "p.pem").write_bytes(public_key_pem(tmp_path, "report"))
    done = run("pkeyutl", "-verify", "-pubin", "-inkey", "p.pem", "-in", "m", "-sigfile", "s", *identity)
    assert done.returncode == 0, done.stderr
    (tmp_path / "m").write_bytes(MESSAGE + b"!")
    done = run("pkeyutl", "-verify", "-pubin", "-inkey", "p.pem", "-in", "m", "-sigfile", "s", *identity)
    assert done.returncode != 0

    assert run("genpkey", "-algorithm", "SM2", "-out", "k.pem").returncode == 0
    assert run("pkey", "-in", "k.pem", "-pubout", "-out", "q.pem").returncode == 0
    assert run("pkeyutl", "-sign", "-inkey", "k.pem", "-in", "m", "-out", "t", *identity).returncode == 0
    public = (tmp_path / "q.pem").read_bytes()
    theirs = Signature("sm2", key_id_of(public), (tmp_path / "t").read_bytes())
    assert verify_signature(MESSAGE + b"!", theirs, public)
    assert not verify_signature(MESSAGE, theirs, public)


def test_a_second_library_verifies_ours(tmp_path):
    signature = signer(tmp_path, "audit").sign(MESSAGE)
    first, second = (each.to_bytes(32, "big") for each in signature_numbers(signature.value))
    point = point_of(to_der(public_key_pem(tmp_path, "audit")))
    theirs = gmalg.SM2(uid=b"1234567812345678", pk=point)
    assert theirs.verify(MESSAGE, first, second)
    assert not theirs.verify(MESSAGE + b"!", first, second)


@pytest.mark.parametrize("size", [0, 1, 55, 56, 64, 1000])
def test_sm3_is_what_openssl_says(openssl, size):
    data = bytes(range(256)) * 4
    done = subprocess.run([openssl, "dgst", "-sm3", "-binary"], input=data[:size], capture_output=True, check=True)
    assert sm3(data[:size]) == done.stdout
