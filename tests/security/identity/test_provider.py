"""Enterprise sign-in by a strict provider of our own: the good way in, and every forged answer refused and recorded."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import escape, unescape
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.db import connections
from django.test import RequestFactory
from django.utils import timezone

from xinshu.demo.identity_provider import Client as Platform
from xinshu.demo.identity_provider import IdentityProvider, Person, Reply
from xinshu.demo.identity_server import server_of
from xinshu.demo.numbers import citizen_number
from xinshu.security.accounts import reset_password
from xinshu.security.audit.models import Entry
from xinshu.security.domain import Role
from xinshu.security.identity import rules
from xinshu.security.identity.accounts import disable_idle, renew_password
from xinshu.security.identity.enterprise import known_or_new
from xinshu.security.identity.errors import AccountExternal
from xinshu.security.identity.factors import needs_second_factor
from xinshu.security.identity.mandates import mine
from xinshu.security.identity.provider import Claims
from xinshu.security.identity.requests import actor_by_name, second_factor_at
from xinshu.security.models import User

ID_NO, OTHER_NO = (citizen_number("990101", each) for each in (1, 2))
BACK = "http://127.0.0.1/login/enterprise/back"


@pytest.fixture
def firm(world) -> tuple[str, str]:
    return world.company(1), "A市第1纺织有限公司"


@pytest.fixture
def idp(firm) -> Iterator[IdentityProvider]:
    """The provider in a thread; the platform is told of it."""
    people = [Person("p1", "林演示", ID_NO, (firm,)), Person("p2", "陈演示", OTHER_NO)]
    application = IdentityProvider(
        "", Platform("xinshu", "a-secret-of-the-platform", BACK, "http://127.0.0.1/login"), people
    )
    server = server_of(application, 0)
    application.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    before = rules.configured()
    rules.configure(replace(before, provider=rules.Provider(application.issuer, "xinshu", "a-secret-of-the-platform")))
    yield application
    rules.configure(before)
    server.shutdown()
    server.server_close()


def choose(address: str, who: str) -> str:
    """At the provider's page somebody chooses who he is; the path and query he is sent back to."""
    assert requests.get(address, timeout=5).status_code == 200
    told = requests.post(address, {"sub": who}, allow_redirects=False, timeout=5)
    assert told.status_code == 303, told.text
    return told.headers["Location"].removeprefix("http://127.0.0.1")


def enter(client, who: str = "p1", **query: str):
    begun = client.get("/login/enterprise", query)
    assert begun.status_code == 302, begun.content.decode()
    return client.get(choose(begun["Location"], who))


def reasons() -> list[str]:
    found = Entry.objects.filter(action="identity.sign_in", code="identity.provider_refused").order_by("id")
    return [json.loads(each.detail)["reason"] for each in found]


def test_a_legal_person_comes_in_and_sees_his_firm(idp, stranger, firm):
    client = stranger()
    answer = enter(client)
    assert (answer.status_code, answer["Location"]) == (302, "/me")
    page = client.get("/me").content.decode()
    assert firm[0] in page
    assert "法定代表人" in page
    assert 'aria-label="用户空间"' in client.get("/c/account").content.decode()
    user = User.objects.get()
    assert (user.display_name, user.roles, user.has_usable_password()) == ("林演示", {Role.ENTERPRISE}, False)
    assert Entry.objects.filter(action="identity.sign_in", outcome="done", actor=str(user.pk)).count() == 1
    again = stranger()
    assert enter(again).status_code == 302
    assert (User.objects.count(), SocialAccount.objects.count()) == (1, 1)


def test_who_is_nobodys_legal_person_sees_no_firm(idp, stranger, firm):
    client = stranger()
    enter(client, "p2")
    page = client.get("/me").content.decode()
    assert firm[0] not in page
    assert "还没有可以办理的企业" in page


def test_a_firm_the_provider_states_no_more_is_gone_at_the_next_sign_in(idp, stranger):
    client = stranger()
    enter(client)
    idp.people["p1"] = Person("p1", "林演示", ID_NO)
    enter(client := stranger())
    assert mine(actor_by_name(User.objects.get().username), timezone.now()) == []


@pytest.mark.parametrize(
    ("there", "goes"), [("/me?a=1", "/me?a=1"), ("https://evil.example/", "/me"), ("//evil.example", "/me")]
)
def test_afterwards_one_is_where_he_wanted_within_the_platform(idp, stranger, there, goes):
    assert enter(stranger(), next=there)["Location"] == goes


def _token(idp: IdentityProvider, change, monkeypatch) -> None:
    """From now on the provider's answer holds the token that `change` makes of the claims."""

    def forged(person: Person, nonce: str):
        return change(dict(IdentityProvider.claims(idp, person, nonce)))

    monkeypatch.setattr(idp, "claims", forged)


def _without(name: str):
    return lambda claims: {key: value for key, value in claims.items() if key != name}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(lambda claims: {**claims, "aud": "another-platform"}, "token", id="another audience"),
        pytest.param(lambda claims: {**claims, "aud": ["xinshu", "another"]}, "token", id="two audiences"),
        pytest.param(lambda claims: {**claims, "iss": "http://evil.example"}, "token", id="another issuer"),
        pytest.param(lambda claims: {**claims, "exp": int(time.time()) - 31}, "token", id="expired"),
        pytest.param(lambda claims: {**claims, "iat": int(time.time()) + 60}, "token", id="of the future"),
        pytest.param(lambda claims: {**claims, "iat": int(time.time()) - 302}, "stale", id="stale"),
        pytest.param(lambda claims: {**claims, "nonce": "n" * 43}, "nonce", id="another nonce"),
        pytest.param(lambda claims: {**claims, "sub": "p2"}, "subject", id="another subject"),
        pytest.param(lambda claims: {**claims, "name": "陈演示"}, "subject", id="another name"),
        *(
            pytest.param(_without(name), "token", id=f"without {name}")
            for name in ("iss", "sub", "aud", "exp", "iat", "nonce", "jti", "name")
        ),
    ],
)
def test_an_answer_that_is_not_for_us_now_and_him_is_refused(idp, stranger, monkeypatch, change, reason):
    client = stranger()
    _token(idp, change, monkeypatch)
    assert enter(client).status_code == 403
    assert client.get("/me").status_code == 302
    assert reasons() == [reason]
    assert not User.objects.exists()


def _sign(idp: IdentityProvider, monkeypatch, **changes) -> None:
    monkeypatch.setattr(idp, "sign", lambda claims: IdentityProvider.sign(idp, claims, **changes))


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        pytest.param("another key", "token", id="another key of the same name"),
        pytest.param("unknown key", "claims", id="a key the provider does not publish"),
        pytest.param("none", "token", id="no signature"),
        pytest.param("shared secret", "token", id="signed with the platform's secret"),
        pytest.param("changed", "token", id="changed after signing"),
        pytest.param("no token", "claims", id="no token at all"),
    ],
)
def test_a_forged_signature_is_refused(idp, stranger, monkeypatch, way, reason):
    other = IdentityProvider(idp.issuer, idp.client, [])
    if way == "another key":
        _sign(idp, monkeypatch, key=other._private)
    elif way == "unknown key":
        _sign(idp, monkeypatch, key=other._private, headers={"kid": other.key["kid"]})
    elif way == "none":
        _sign(idp, monkeypatch, key=None, algorithm="none")
    elif way == "shared secret":
        _sign(idp, monkeypatch, key="a-secret-of-the-platform-that-is-long-enough", algorithm="HS256")
    elif way == "changed":
        good = idp.sign

        def changed(claims):
            head, _, signature = good(claims).split(".")
            body = jwt.utils.base64url_encode(json.dumps({**claims, "name": "陈演示"}).encode()).decode()
            return f"{head}.{body}.{signature}"

        monkeypatch.setattr(idp, "sign", changed)
    else:
        monkeypatch.setattr(idp, "_token", lambda form: Reply("200 OK", b'{"access_token": "x"}'))
    assert enter(stranger()).status_code == 403
    assert reasons() == [reason]
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "firms",
    [
        pytest.param([{"uscc": "91990102MA00000000", "name": "某厂"}], id="a wrong check character"),
        pytest.param([{"uscc": "", "name": "某厂"}], id="no code"),
        pytest.param(["91990102MA0000016U"], id="no object"),
        pytest.param("all", id="no list"),
        pytest.param([{"uscc": "91990102MA0000016U", "name": "某厂"}] * 51, id="too many"),
    ],
)
def test_firms_that_cannot_be_let_nobody_in(idp, stranger, monkeypatch, firms):
    told = json.dumps({"sub": "p1", "name": "林演示", "id_no": ID_NO, "legal_person_of": firms}).encode()
    monkeypatch.setattr(idp, "_person", lambda shown: Reply("200 OK", told))
    assert enter(stranger()).status_code == 403
    assert reasons() == ["claims"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"id_no": ""}, id="none"),
        pytest.param({"id_no": None}, id="no text"),
        pytest.param({"id_no": ID_NO[:-1] + ("0" if ID_NO[-1] != "0" else "1")}, id="a wrong check character"),
        pytest.param({"id_no": "G12345678"}, id="no identity card"),
        pytest.param({"id_no": "G12345678", "id_kind": ""}, id="an unnamed paper"),
        pytest.param({"id_no": "9" * 201, "id_kind": "护照"}, id="too long"),
    ],
)
def test_without_a_possible_identity_paper_nobody_is_in(idp, stranger, monkeypatch, changes):
    told = json.dumps({"sub": "p1", "name": "林演示", "id_no": ID_NO, "legal_person_of": []} | changes).encode()
    monkeypatch.setattr(idp, "_person", lambda shown: Reply("200 OK", told))
    assert enter(stranger()).status_code == 403
    assert reasons() == ["claims"]
    assert not User.objects.exists()


def test_another_paper_than_before_is_refused(idp, stranger):
    enter(stranger())
    idp.people["p1"] = Person("p1", "林演示", OTHER_NO)
    assert enter(stranger()).status_code == 403
    assert reasons() == ["subject"]


def test_a_passport_will_do(idp, stranger, monkeypatch):
    told = json.dumps({"sub": "p1", "name": "林演示", "id_kind": "护照", "id_no": "G12345678"}).encode()
    monkeypatch.setattr(idp, "_person", lambda shown: Reply("200 OK", told))
    assert enter(stranger()).status_code == 302


def test_one_person_of_two_accounts_at_the_provider_is_one_here(idp, stranger, firm):
    idp.people["p3"] = Person("p3", "林演示", ID_NO)
    enter(stranger())
    enter(stranger(), "p3")
    one, other = User.objects.order_by("created_at")
    assert (one.person, one.username != other.username) == (other.person, True)
    assert [each.firm for each in mine(actor_by_name(other.username), timezone.now())] == [firm[0]]


def test_neither_number_nor_the_providers_id_is_stored(idp, stranger, owner):
    idp.people["provider-id-of-lin"] = Person("provider-id-of-lin", "林演示", ID_NO)
    enter(stranger(), "provider-id-of-lin")
    told = ""
    for (table,) in owner("SELECT c.oid::regclass::text FROM pg_class c WHERE relkind = 'r' AND relnamespace = 2200"):
        told += "".join(str(row[0]) for row in owner(f"SELECT t::text FROM {table} t"))
    assert "林演示" in told
    assert ID_NO not in told
    assert "provider-id-of-lin" not in told
    assert SocialAccount.objects.get().extra_data == {}


def test_first_sign_ins_at_once_make_one_account(idp, database):
    claims = Claims("p1", "林演示", ("身份证", ID_NO), ())
    made: list[object] = []

    def come() -> None:
        made.append(known_or_new(claims, timezone.now()).pk)
        connections.close_all()

    threads = [threading.Thread(target=come) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(made), len(set(made)), User.objects.count()) == (8, 1, 1)


def test_the_answer_is_taken_once_and_only_in_the_browser_that_asked(idp, stranger):
    client, other = stranger(), stranger()
    back = choose(client.get("/login/enterprise")["Location"], "p1")
    assert other.get(back).status_code == 403
    assert client.get(back).status_code == 302
    assert client.get(back).status_code == 403
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert stranger().get(f"/login/enterprise/back?code=x&state={state}").status_code == 403
    assert reasons() == ["state"] * 3


def test_a_token_seen_before_is_refused(idp, stranger, monkeypatch):
    _token(idp, lambda claims: {**claims, "jti": "the-same"}, monkeypatch)
    cache.clear()
    assert enter(stranger()).status_code == 302
    assert enter(stranger()).status_code == 403
    assert reasons() == ["token"]


def test_who_declines_or_is_disabled_or_comes_under_another_name_is_not_in(idp, stranger):
    client = stranger()
    state = parse_qs(urlsplit(client.get("/login/enterprise")["Location"]).query)["state"][0]
    assert client.get(f"/login/enterprise/back?error=access_denied&state={state}").status_code == 403
    enter(stranger())
    idp.people["p1"] = Person("p1", "王演示", ID_NO)
    assert enter(stranger()).status_code == 403
    idp.people["p1"] = Person("p1", "林演示", ID_NO)
    User.objects.update(is_active=False)
    assert enter(stranger()).status_code == 403
    assert reasons() == ["declined", "subject", "disabled"]


def test_a_provider_that_does_not_answer_is_told_in_words(idp, stranger):
    rules.configure(replace(rules.configured(), provider=rules.Provider("http://127.0.0.1:9", "xinshu", "x")))
    told = stranger().get("/login/enterprise")
    assert told.status_code == 403
    assert "统一身份认证没有通过" in told.content.decode()
    assert reasons() == ["unreachable"]


def test_without_a_provider_there_is_no_such_way_in(database, stranger):
    assert stranger().get("/login/enterprise").status_code == 404
    assert stranger().get("/login/enterprise/back?code=x&state=y").status_code == 404
    assert "企业登录" not in stranger().get("/login").content.decode()


def test_an_enterprise_user_has_no_password_to_guess(idp, stranger):
    enter(stranger())
    name = User.objects.get().username
    assert stranger().post("/login", {"login": name, "password": ""}).status_code == 422
    assert stranger().post("/login", {"login": name, "password": "!"}).status_code == 422


def test_nobody_gives_an_enterprise_user_a_password(idp, stranger, make_user, as_actor):
    """Else who may renew passwords could come in as a legal person."""
    enter(stranger())
    user = User.objects.get(display_name="林演示")
    admin = as_actor(make_user("xitong", Role.SYSTEM_ADMIN), timezone.now())
    with pytest.raises(AccountExternal):
        renew_password(admin, user.pk, timezone.now())
    with pytest.raises(AccountExternal):
        reset_password(user.username)
    assert Entry.objects.filter(actor=admin.id, code="identity.account_external").count() == 1
    assert not User.objects.get(pk=user.pk).has_usable_password()


def test_an_administrator_lists_and_disables_enterprise_users(idp, stranger, make_user, browser_of):
    client = stranger()
    enter(client)
    user = User.objects.get(display_name="林演示")
    admin = browser_of(make_user("xitong", Role.SYSTEM_ADMIN))
    assert user.username not in admin.get("/c/iam").content.decode()
    page = admin.get("/c/iam?of=enterprise").content.decode()
    assert user.username in page
    assert "换一次性口令" not in page
    assert admin.post(f"/c/iam/accounts/{user.pk}", {"verb": "off"}).status_code == 302
    assert client.get("/me").status_code == 302


def test_an_enterprise_user_is_not_disabled_for_being_idle_and_who_is_staff_too_is(idp, stranger, make_user, units):
    enter(stranger())
    both = make_user("shuangzhong", Role.ENTERPRISE, Role.QUERY_OFFICER)
    long_ago = timezone.now() - timedelta(days=400)
    User.objects.update(created_at=long_ago, last_login=long_ago)
    assert disable_idle(timezone.now()) == [both.username]


def test_with_a_password_an_enterprise_user_needs_a_second_factor(make_user):
    user = make_user("qiye", Role.ENTERPRISE)
    user.set_password("x")
    assert needs_second_factor(user)
    user.set_unusable_password()
    assert not needs_second_factor(user)


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "another"},
        {"redirect_uri": "http://evil.example/"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"state": ""},
        {"nonce": ""},
        {"scope": "profile"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_provider_is_strict_too(idp, stranger, change):
    address = stranger().get("/login/enterprise")["Location"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    told = requests.get(f"{idp.issuer}/authorize", {**query, **change}, timeout=5)
    assert (told.status_code, told.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("wrong", ["code_verifier", "client_secret", "redirect_uri", "twice", "late"])
def test_a_code_is_exchanged_once_in_time_by_whom_it_was_made_for(idp, stranger, wrong):
    client = stranger()
    back = choose(client.get("/login/enterprise")["Location"], "p1")
    code = parse_qs(urlsplit(back).query)["code"][0]
    (state,) = client.session["socialaccount_states"].values()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "client_id": "xinshu",
        "client_secret": "a-secret-of-the-platform",
        "code_verifier": state[0]["verifier"],
    }
    if wrong == "late":
        idp.clock = lambda: time.time() + 61
    elif wrong == "twice":
        assert requests.post(f"{idp.issuer}/token", form, timeout=5).status_code == 200
    else:
        form[wrong] = "http://evil.example/"
    assert requests.post(f"{idp.issuer}/token", form, timeout=5).status_code in {400, 401}


def go_again(client, who: str = "p1", there: str = "/me/consents"):
    """Identify oneself once more: to the provider and back."""
    begun = client.get("/login/enterprise/again", {"next": there})
    assert begun.status_code == 302, begun.content.decode()
    return client.get(choose(begun["Location"], who))


def factor_of(client):
    """When the person last showed who he is, as the policy gets it."""
    request = RequestFactory().get("/")
    request.session = client.session
    return second_factor_at(request)


def test_identifying_again_asks_for_a_new_sign_in_and_is_noted(idp, stranger):
    client = stranger()
    enter(client)
    assert factor_of(client) is None
    asked = parse_qs(urlsplit(client.get("/login/enterprise/again")["Location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    before = client.session.session_key
    told = go_again(client)
    assert (told.status_code, told["Location"]) == (302, "/me/consents")
    assert client.session.session_key != before
    assert timezone.now() - factor_of(client) < timedelta(seconds=30)
    assert client.get("/me").status_code == 200
    assert Entry.objects.filter(action="identity.step_up", outcome="done").count() == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            lambda claims: {**claims, "auth_time": int(time.time()) - 60}, "auth_time", id="before it was asked"
        ),
        pytest.param(lambda claims: {**claims, "auth_time": int(time.time()) + 60}, "auth_time", id="of the future"),
        pytest.param(_without("auth_time"), "auth_time", id="missing"),
        pytest.param(lambda claims: {**claims, "auth_time": "1"}, "auth_time", id="no number"),
        pytest.param(lambda claims: {**claims, "auth_time": True}, "auth_time", id="true"),
        pytest.param(lambda claims: {**claims, "nonce": "n" * 43}, "nonce", id="another nonce"),
        pytest.param(lambda claims: {**claims, "iat": int(time.time()) - 302}, "stale", id="a stale token"),
    ],
)
def test_who_did_not_identify_himself_just_now_has_not_stepped_up(idp, stranger, monkeypatch, change, reason):
    client = stranger()
    enter(client)
    _token(idp, change, monkeypatch)
    told = go_again(client)
    assert (told.status_code, "身份验证没有成功" in told.content.decode()) == (403, True)
    assert factor_of(client) is None
    refused = Entry.objects.get(action="identity.step_up", code="identity.provider_refused")
    assert json.loads(refused.detail)["reason"] == reason
    assert client.get("/me").status_code == 200


def test_another_person_does_not_step_up_for_him(idp, stranger):
    client = stranger()
    enter(client)
    enter(stranger(), "p2")
    assert go_again(client, "p2").status_code == 403
    assert factor_of(client) is None
    assert json.loads(Entry.objects.get(action="identity.step_up").detail)["reason"] == "other_person"


def test_an_answer_is_good_once_and_for_the_user_who_asked(idp, stranger):
    client, other = stranger(), stranger()
    enter(client)
    enter(other, "p2")
    back = choose(client.get("/login/enterprise/again")["Location"], "p1")
    assert other.get(back).status_code == 403
    assert client.get(back).status_code == 302
    assert client.get(back).status_code == 403
    left = choose(client.get("/login/enterprise/again")["Location"], "p1")
    client.post("/logout")
    enter(client, "p2")
    assert client.get(left).status_code == 403
    assert factor_of(client) is None


def test_an_answer_to_signing_in_steps_nobody_up(idp, stranger):
    client = stranger()
    enter(client)
    assert client.get(choose(client.get("/login/enterprise")["Location"], "p1")).status_code == 302
    assert factor_of(client) is None


def test_only_who_comes_in_by_the_provider_is_sent_there_again(idp, stranger, make_user, browser_of):
    assert stranger().get("/login/enterprise/again").status_code == 302  # to the sign-in page
    officer = browser_of(make_user("officer", Role.QUERY_OFFICER))
    assert officer.get("/login/enterprise/again").status_code == 403
    by_password = browser_of(make_user("sun", Role.ENTERPRISE))
    assert by_password.get("/login/enterprise/again").status_code == 404


def test_signing_out_ends_our_session_then_the_providers(idp, stranger):
    client = stranger()
    enter(client)
    told = client.post("/logout")
    page = told.content.decode()
    address = unescape(re.search(r'href="(http://127[^"]+/end\?[^"]+)"', page)[1])
    asked = parse_qs(urlsplit(address).query)
    assert (told.status_code, told["Cache-Control"]) == (200, "no-store")
    assert f'content="0; url={escape(address)}"' in page
    assert asked["post_logout_redirect_uri"] == ["http://127.0.0.1/login"]
    assert client.get("/me").status_code == 302
    assert Entry.objects.filter(action="identity.sign_out", outcome="done").count() == 1
    assert idp.signed_out == []
    gone = requests.get(address, allow_redirects=False, timeout=5)
    assert (gone.status_code, gone.headers["Location"]) == (303, "http://127.0.0.1/login")
    assert idp.signed_out == ["p1"]


def test_our_session_ends_though_the_provider_is_down(idp, stranger):
    client = stranger()
    enter(client)
    rules.configure(replace(rules.configured(), provider=rules.Provider("http://127.0.0.1:9", "xinshu", "x")))
    assert client.post("/logout").status_code == 200
    assert client.get("/me").status_code == 302


def test_who_did_not_come_by_the_provider_goes_home(idp, make_user, browser_of):
    assert browser_of(make_user("officer", Role.QUERY_OFFICER)).post("/logout").status_code == 302


@pytest.mark.parametrize("there", ["https://evil.example/end", "", None, 5, "//evil.example/end"])
def test_a_provider_without_an_own_address_to_sign_out_at_is_not_gone_to(idp, stranger, monkeypatch, there):
    told = {**idp._configuration(), "end_session_endpoint": there}
    monkeypatch.setattr(idp, "_configuration", lambda: told)
    client = stranger()
    enter(client)
    assert client.post("/logout").status_code == 302
    assert client.get("/me").status_code == 302


def test_the_id_token_lies_sealed_in_the_session(idp, stranger):
    client = stranger()
    enter(client)
    kept = base64.b64decode(client.session["xinshu.oidc.token"])
    assert kept.count(b".") < 2 or b"eyJ" not in kept
    assert "eyJ" not in json.dumps(dict(client.session))


@pytest.mark.parametrize("change", ["hint", "address", "client"])
def test_the_demonstration_signs_nobody_out_for_others(idp, stranger, change):
    hint = idp.sign(idp.claims(idp.people["p1"], "n" * 16))
    asked = {"client_id": "xinshu", "id_token_hint": hint, "post_logout_redirect_uri": "http://127.0.0.1/login"}
    wrong = {"hint": "id_token_hint", "address": "post_logout_redirect_uri", "client": "client_id"}[change]
    told = requests.get(f"{idp.issuer}/end", {**asked, wrong: "http://evil.example"}, allow_redirects=False, timeout=5)
    assert (told.status_code, idp.signed_out) == (400, [])
