"""Accounts and API keys: made with random secrets told once, refused in words, ended at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import authenticate

from xinshu.security.domain import Level, OrganisationFacts, Role
from xinshu.security.errors import AccountTaken, AccountUnknown, KeyUnknown, OrganisationUnknown, UsernameInvalid
from xinshu.security.models import ApiKey, User
from xinshu.security.queries import accounts, api_keys
from xinshu.security.services import (
    create_api_key,
    create_reporter,
    reset_password,
    revoke_api_key,
    set_active,
    store_organisations,
    use_api_key,
)

TAX = OrganisationFacts("11990000000000043T", "示例省税务局", "990000", Level.PROVINCE, "tax")
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def tax(database):
    store_organisations([TAX])


def _reporter(name: str = "liu"):
    return create_reporter(name, display_name="刘某", organisation=TAX.uscc)


def test_a_reporter_signs_in_with_the_password_told_once():
    made = _reporter()
    assert (made.account.roles, made.account.organisation) == ({Role.REPORTER}, TAX.uscc)
    assert authenticate(username="liu", password=made.password) == User.objects.get()
    assert made.password not in repr(made)
    assert made.password not in User.objects.get().password


def test_passwords_differ_and_have_every_class_of_characters():
    words = {_reporter(f"liu{number}").password for number in range(5)}
    assert len(words) == 5
    for word in words:
        assert len(word) == 20
        assert any(each.isupper() for each in word)
        assert any(each.islower() for each in word)
        assert any(each.isdigit() for each in word)


@pytest.mark.parametrize("name", ["", "刘", "ab", "a b c", "1liu", "a" * 41, "liu\n", "../x"])
def test_a_user_name_that_cannot_be_typed_is_refused(name):
    with pytest.raises(UsernameInvalid):
        _reporter(name)
    assert accounts() == []


def test_a_name_is_taken_whatever_its_case():
    _reporter()
    with pytest.raises(AccountTaken):
        _reporter("LIU")


def test_a_reporter_belongs_to_a_known_organisation():
    with pytest.raises(OrganisationUnknown):
        create_reporter("liu", display_name="刘某", organisation="91350100M000100Y43")


def test_a_new_password_ends_the_old_one():
    first = _reporter()
    second = reset_password("liu")
    assert authenticate(username="liu", password=first.password) is None
    assert authenticate(username="liu", password=second.password) is not None


def test_a_disabled_account_does_not_sign_in_until_it_is_enabled():
    made = _reporter()
    set_active("liu", active=False)
    assert authenticate(username="liu", password=made.password) is None
    assert set_active("liu", active=True).active
    assert authenticate(username="liu", password=made.password) is not None


@pytest.mark.parametrize("verb", [reset_password, lambda name: set_active(name, active=False)])
def test_an_unknown_account_is_named(verb):
    with pytest.raises(AccountUnknown, match="nobody"):
        verb("nobody")


def test_a_key_is_recognised_and_only_its_digest_is_stored():
    made = create_api_key(TAX.uscc, label="每日推送", now=NOW)
    stored = ApiKey.objects.get()
    secret = made.secret.rsplit("_", 1)[-1]
    assert use_api_key(made.secret, NOW).organisation == TAX.uscc
    assert secret not in f"{stored.digest}{stored.id}{made!r}"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda secret: "", id="empty"),
        pytest.param(lambda secret: secret[:-1], id="cut short"),
        pytest.param(lambda secret: secret[:-1] + ("A" if secret[-1] != "A" else "B"), id="another last character"),
        pytest.param(lambda secret: secret + "\n", id="a line break more"),
        pytest.param(lambda secret: secret.upper(), id="another case"),
        pytest.param(lambda secret: secret.replace("xs_", "xs-"), id="another prefix"),
        pytest.param(lambda secret: "xs_" + "Z" * 12 + secret[15:], id="another number"),
    ],
)
def test_anything_but_the_secret_is_no_key(change):
    made = create_api_key(TAX.uscc, label="", now=NOW)
    assert use_api_key(change(made.secret), NOW) is None


def test_one_key_s_secret_does_not_open_another():
    one, other = (create_api_key(TAX.uscc, label="", now=NOW) for _ in range(2))
    assert use_api_key(f"xs_{one.key.id}_{other.secret[16:]}", NOW) is None


def test_a_revoked_key_is_no_key_and_keeps_its_date():
    made = create_api_key(TAX.uscc, label="", now=NOW)
    revoke_api_key(made.key.id, NOW)
    assert use_api_key(made.secret, NOW) is None
    assert revoke_api_key(made.key.id, NOW + timedelta(days=1)).revoked_at == NOW
    with pytest.raises(KeyUnknown):
        revoke_api_key("nothing", NOW)


def test_use_is_noted_once_a_minute():
    made = create_api_key(TAX.uscc, label="", now=NOW)
    for seconds in (0, 59, 60):
        use_api_key(made.secret, NOW + timedelta(seconds=seconds))
        assert api_keys()[0].last_used_at == NOW + timedelta(seconds=60 * (seconds // 60))
