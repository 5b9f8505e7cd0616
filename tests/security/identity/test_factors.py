"""Second factors: which codes are taken, once; security keys; the sixth guess."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from xinshu.security.audit.models import Entry
from xinshu.security.domain import Role
from xinshu.security.identity.factors import accept_code, code_at, keep_totp, new_recovery_codes, new_secret, step_of
from xinshu.security.identity.passwords import change_password
from xinshu.security.models import FactorSecret, User

PASSWORD = "Nei-Ku-Zhang-7712"


@pytest.fixture
def secret(make_user) -> str:
    """The secret of `jia`, an operator."""
    made = new_secret()
    keep_totp(make_user("jia", Role.OPERATOR), made)
    return made


def jia() -> User:
    return User.objects.get(username="jia")


@pytest.mark.parametrize(("step", "taken"), [(-3, False), (-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_of_a_step_before_or_after_is_taken_of_two_not(secret, now, step, taken):
    assert bool(accept_code(jia(), code_at(secret, step_of(now) + step), now)) is taken


def test_a_code_works_once_and_an_older_one_no_more(secret, now):
    current = step_of(now)
    assert accept_code(jia(), code_at(secret, current), now)
    for step in (current, current - 1):
        assert accept_code(jia(), code_at(secret, step), now) is None
    assert accept_code(jia(), code_at(secret, current + 1), now + timedelta(seconds=30))


def test_of_sixteen_who_show_a_code_at_once_one_is_in(secret, now):
    code = code_at(secret, step_of(now))

    def show(_number: int) -> bool:
        try:
            return accept_code(jia(), code, now) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(show, range(16))) == 1


def test_a_recovery_code_works_once_and_new_ones_end_the_old(secret, now):
    first = new_recovery_codes(jia())
    assert len(set(first)) == 10
    assert accept_code(jia(), first[0], now)
    assert accept_code(jia(), first[0], now) is None
    new_recovery_codes(jia())
    assert accept_code(jia(), first[1], now) is None


def test_no_secret_is_stored_in_the_clear(secret):
    kept = [bytes(each) for each in FactorSecret.objects.values_list("sealed", flat=True)]
    assert kept
    assert not any(secret.encode() in each for each in kept)
    assert not any(secret in json.dumps(each.data) for each in Authenticator.objects.all())


def test_the_code_of_another_opens_nothing(secret, make_user, now):
    other = make_user("yi", Role.OPERATOR)
    keep_totp(other, new_secret())
    assert accept_code(other, code_at(secret, step_of(now)), now) is None


def test_after_five_wrong_codes_the_right_one_is_refused_and_all_are_recorded(secret, stranger):
    change_password(jia(), PASSWORD, timezone.now())
    client = stranger()
    assert client.post("/login", {"login": "jia", "password": PASSWORD})["Location"] == "/login/code"
    for _ in range(5):
        assert client.post("/login/code", {"code": "000000"}).status_code == 422
    right = code_at(secret, step_of(timezone.now()))
    assert client.post("/login/code", {"code": right}).status_code == 422
    assert client.get("/c/account").status_code == 302
    assert Entry.objects.filter(code="identity.wrong_factor").count() == 6
    cache.clear()
    assert client.post("/login/code", {"code": code_at(secret, step_of(timezone.now()))}).status_code == 302


class SecurityKey:
    """A WebAuthn authenticator in software: one credential, as the standard has it (W3C WebAuthn level 2)."""

    def __init__(self, origin: str) -> None:
        self.origin, self.id, self.counter = origin, os.urandom(32), 0
        self.private = ec.generate_private_key(ec.SECP256R1())

    def _data(self, rp: str, *, attested: bool) -> bytes:
        self.counter += 1
        flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV
        credential = b""
        if attested:
            flags |= AuthenticatorData.FLAG.AT
            public = ES256.from_cryptography_key(self.private.public_key())
            credential = AttestedCredentialData.create(Aaguid(bytes(16)), self.id, public)
        return AuthenticatorData.create(sha256(rp.encode()).digest(), flags, self.counter, credential)

    def _answer(self, response: dict[str, str]) -> str:
        shown = {"id": websafe_encode(self.id), "rawId": websafe_encode(self.id), "type": "public-key"}
        return json.dumps({**shown, "clientExtensionResults": {}, "response": response})

    def register(self, options: dict) -> str:
        """What a browser's `navigator.credentials.create` would send."""
        public = options["publicKey"]
        client = CollectedClientData.create("webauthn.create", public["challenge"], self.origin)
        made = AttestationObject.create("none", self._data(public["rp"]["id"], attested=True), {})
        return self._answer({"clientDataJSON": websafe_encode(client), "attestationObject": websafe_encode(made)})

    def sign(self, options: dict, *, challenge: str = "", origin: str = "") -> str:
        """What `navigator.credentials.get` would send; for forgeries with another challenge or origin."""
        public = options["publicKey"]
        client = CollectedClientData.create("webauthn.get", challenge or public["challenge"], origin or self.origin)
        data = self._data(public["rpId"], attested=False)
        signature = self.private.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        return self._answer({name: websafe_encode(each) for name, each in parts.items()})


def options_of(page) -> dict:
    """The options a page gives to the browser's script."""
    text = page.content.decode()
    start = text.index('id="key-options"')
    return json.loads(text[text.index(">", start) + 1 : text.index("</script>", start)])


@pytest.fixture
def key(make_user, browser_of) -> SecurityKey:
    """A security key that `jia` registered."""
    client = browser_of(make_user("jia", Role.OPERATOR))
    client.defaults["HTTP_HOST"] = "localhost"
    made = SecurityKey("https://localhost")
    page = client.get("/c/account/key", secure=True)
    sent = {"credential": made.register(options_of(page)), "name": "抽屉里的"}
    assert client.post("/c/account/key", sent, secure=True, headers={"host": "localhost"}).status_code == 302
    assert "抽屉里的" in client.get("/c/account", secure=True).content.decode()
    return made


@pytest.fixture
def at_the_door(key, stranger):
    """A browser that gave jia's password and is asked for the key; with the options."""
    change_password(jia(), PASSWORD, timezone.now())
    client = stranger("localhost")
    client.post("/login", {"login": "jia", "password": PASSWORD}, secure=True)
    return client, options_of(client.get("/login/code", secure=True))


def show(client, credential: str) -> bool:
    client.post("/login/code", {"credential": credential}, secure=True)
    return client.get("/c/account", secure=True).status_code == 200


def test_a_security_key_is_a_second_factor_and_its_answer_works_once(key, at_the_door, stranger):
    client, options = at_the_door
    answer = key.sign(options)
    assert show(client, answer)
    again = stranger("localhost")
    again.post("/login", {"login": "jia", "password": PASSWORD}, secure=True)
    again.get("/login/code", secure=True)
    assert not show(again, answer)


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda key, options: SecurityKey(key.origin).sign(options), id="another key"),
        pytest.param(
            lambda key, options: _as(SecurityKey(key.origin), key.id).sign(options), id="another key's signature"
        ),
        pytest.param(
            lambda key, options: key.sign(options, challenge=websafe_encode(bytes(32))), id="another challenge"
        ),
        pytest.param(lambda key, options: key.sign(options, origin="https://evil.example"), id="another site"),
        pytest.param(lambda key, options: "{}", id="nothing in it"),
        pytest.param(lambda key, options: "null", id="null"),
        pytest.param(lambda key, options: "no json", id="no JSON"),
    ],
)
def test_a_forged_answer_of_a_security_key_opens_nothing(key, at_the_door, forge):
    client, options = at_the_door
    assert not show(client, forge(key, options))


def _as(key: SecurityKey, name: bytes) -> SecurityKey:
    key.id = name
    return key


def test_the_last_factor_of_staff_is_not_removed(key, browser_of):
    client = browser_of(jia())
    number = Authenticator.objects.get(type="webauthn").pk
    told = client.post(f"/c/account/key/{number}/remove")
    assert told.status_code == 422
    keep_totp(jia(), new_secret())
    assert client.post(f"/c/account/key/{number}/remove").status_code == 302
    assert not Authenticator.objects.filter(type="webauthn").exists()
