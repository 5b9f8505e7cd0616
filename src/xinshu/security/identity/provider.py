"""The province's unified sign-in (OpenID Connect Core 1.0) for enterprise users: code flow with PKCE, state and nonce.

allauth keeps the state, exchanges the code and fetches what the provider publishes; what comes back is believed only as
far as `_claims` says. Source: OpenID Connect Core 3.1.3.7 and 5.3.2, RFC 7636 [recalled]; the claims about firms are ours
[proposed], to be mapped to the province's gateway. docs/identity.md names them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import jwt
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.internal.jwtkit import verify_jti
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from requests import RequestException

from xinshu.kernel.identifiers import CitizenId, InvalidIdentifier, Uscc
from xinshu.security.identity.errors import IdentityProviderRefused
from xinshu.security.identity.people import ID_CARD
from xinshu.security.identity.rules import Provider, configured

NAME = "enterprise"
_ALGORITHMS = ["ES256", "RS256"]  # by a key of the provider; never `none`, never a shared secret
_REQUIRED = ["iss", "sub", "aud", "exp", "iat", "nonce", "jti", "name"]
_LEEWAY_SECONDS = 30
_OLDEST_SECONDS = 300
_MOST_FIRMS = 50
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm whose legal person somebody is, by the provider."""

    uscc: str
    name: str


@dataclass(frozen=True, slots=True)
class Claims:
    """Who came in: `subject` is the provider's lasting id of a natural person, `name` the real name.

    `paper`: kind and number of his identity paper, as the provider checked it. The repr leaves the three out.
    """

    subject: str = field(repr=False)
    name: str = field(repr=False)
    paper: tuple[str, str] = field(repr=False)
    firms: tuple[Firm, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said, and where the person wanted to go.

    `again`: id of the user who was to identify himself once more, empty at a sign-in; then `identified_at` is when he did
    so at the provider. `token`: the id token, to sign out with; `end_session`: where, empty where the provider has no such.
    """

    claims: Claims
    next: str
    token: str = field(default="", repr=False)
    end_session: str = ""
    again: str = ""
    identified_at: datetime | None = None


class EnterpriseAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """allauth's client of one provider, taken from our settings."""

    def __init__(self, request: HttpRequest, provider: Provider) -> None:
        self._told = provider
        super().__init__(request, NAME)

    def get_provider(self) -> OpenIDConnectProvider:
        """allauth's provider, as our settings have it."""
        app = SocialApp(
            provider="openid_connect",
            provider_id=NAME,
            name="企业登录",
            client_id=self._told.client,
            secret=self._told.secret,
            settings={"server_url": self._told.url, "oauth_pkce_enabled": True},
        )
        return OpenIDConnectProvider(self.request, app=app)

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Where the provider sends the person back to."""
        del app  # allauth names it
        return request.build_absolute_uri(reverse("enterprise-callback"))


def available() -> bool:
    """Whether the installation has a provider (`XINSHU_OIDC_URL`)."""
    return configured().provider is not None


def ask(request: HttpRequest, there: str, now: datetime, *, again: str = "") -> str:
    """Begin: the address of the provider to send the person to. Raises IdentityProviderRefused when it does not answer.

    Args:
        again: id of a user who is signed in and has to identify himself anew: the provider may not answer from a session
            of its own (OpenID Connect Core 3.1.2.1, `prompt` and `max_age`).
    """
    adapter = EnterpriseAdapter(request, _provider())
    nonce, proof = secrets.token_urlsafe(32), generate_code_challenge()
    verifier = proof.pop("code_verifier")
    state = {"nonce": nonce, "verifier": verifier, "next": there, "again": again, "since": now.timestamp()}
    fresh = {"prompt": "login", "max_age": "0"} if again else {}
    try:
        app = adapter.get_provider().app
        client = adapter.get_client(request, app)
        client.state = statekit.stash_state(request, provider_id=NAME, state=state)
        return str(
            client.get_redirect_url(adapter.authorize_url, ["openid", "profile"], {**proof, **fresh, "nonce": nonce})
        )
    except (RequestException, KeyError, ValueError) as problem:
        raise _refused("unreachable") from problem


def take(request: HttpRequest, now: datetime) -> Answer:
    """The provider's answer, used up by that. Raises IdentityProviderRefused; `reason` says why, for the record."""
    provider = _provider()
    state = statekit.unstash_state(request, provider_id=NAME, state_id=request.GET.get("state", ""))
    if state is None:
        raise _refused("state")
    try:
        return _answer(request, provider, state, now)
    except IdentityProviderRefused as refused:
        refused.again = bool(state["again"])
        raise


def _answer(request: HttpRequest, provider: Provider, state: dict[str, Any], now: datetime) -> Answer:
    if "error" in request.GET or not request.GET.get("code"):
        raise _refused("declined")
    adapter = EnterpriseAdapter(request, provider)
    try:
        told = _fetched(adapter, state)
        token = _token(adapter, provider, told, state["nonce"], now)
        claims = _claims(adapter, token, told)
        identified = _identified_at(token, state["since"], now) if state["again"] else None
        end = _end_session(adapter, provider)
    except (jwt.PyJWTError, OAuth2Error) as problem:
        raise _refused("token") from problem
    except (RequestException, PermissionDenied, ImmediateHttpResponse) as problem:
        raise _refused("unreachable") from problem
    except (KeyError, TypeError, ValueError, InvalidIdentifier) as problem:
        raise _refused("claims") from problem
    return Answer(claims, state["next"], told["id_token"], end, state["again"], identified)


def _provider() -> Provider:
    found = configured().provider
    if found is None:
        raise _refused("none")
    return found


def _fetched(adapter: EnterpriseAdapter, state: dict[str, Any]) -> dict[str, Any]:
    app = adapter.get_provider().app
    client = adapter.get_client(adapter.request, app)
    told = adapter.get_access_token_data(adapter.request, app, client, pkce_code_verifier=state["verifier"])
    return dict(told)


def _token(
    adapter: EnterpriseAdapter, provider: Provider, told: dict[str, Any], nonce: str, now: datetime
) -> dict[str, Any]:
    """The id token's claims, once it is the provider's, for us, of now and of this sign-in."""
    config = adapter.openid_config
    if config["issuer"] != provider.url:
        raise _refused("issuer")
    token = jwt.decode(
        told["id_token"],
        key=_key(told["id_token"], config["jwks_uri"]),
        algorithms=_ALGORITHMS,
        audience=provider.client,
        issuer=provider.url,
        leeway=_LEEWAY_SECONDS,
        options={"require": _REQUIRED, "strict_aud": True},
    )
    if not secrets.compare_digest(str(token["nonce"]).encode(), nonce.encode()):
        raise _refused("nonce")
    if now.timestamp() - float(token["iat"]) > _OLDEST_SECONDS:
        raise _refused("stale")
    verify_jti(token)
    return dict(token)


def _claims(adapter: EnterpriseAdapter, token: dict[str, Any], told: dict[str, Any]) -> Claims:
    person = adapter._fetch_user_info(told["access_token"])
    if person["sub"] != token["sub"] or person.get("name", token["name"]) != token["name"]:
        raise _refused("subject")
    firms = person.get("legal_person_of", [])
    if not isinstance(firms, list) or len(firms) > _MOST_FIRMS:
        raise ValueError("legal_person_of")
    return Claims(
        _text(token["sub"]),
        _text(token["name"]),
        _paper(person),
        tuple(Firm(Uscc.parse(_text(each["uscc"])).value, _text(each["name"])) for each in firms),
    )


def _identified_at(token: dict[str, Any], since: float, now: datetime) -> datetime:
    """When the person identified himself, which must be after he was asked to (OpenID Connect Core 2, `auth_time`)."""
    told = token.get("auth_time")
    if isinstance(told, bool) or not isinstance(told, int):
        raise _refused("auth_time")
    if not since - _LEEWAY_SECONDS <= told <= now.timestamp() + _LEEWAY_SECONDS:
        raise _refused("auth_time")
    return datetime.fromtimestamp(min(told, now.timestamp()), UTC)


def _end_session(adapter: EnterpriseAdapter, provider: Provider) -> str:
    """Where the provider ends its own session: an address of its own, or none."""
    there = adapter.openid_config.get("end_session_endpoint", "")
    ours, its = urlsplit(provider.url), urlsplit(there if isinstance(there, str) else "")
    return there if (its.scheme, its.netloc) == (ours.scheme, ours.netloc) else ""


def _key(token: str, address: str) -> jwt.PyJWK:
    """The provider's published key by the name in the token's head. Raises KeyError, PyJWTError."""
    name = jwt.get_unverified_header(token)["kid"]
    with get_adapter().get_requests_session() as session:
        answer = session.get(address)
        answer.raise_for_status()
    published = {each["kid"]: each for each in answer.json()["keys"]}
    return jwt.PyJWK(published[name])


def _paper(person: dict[str, Any]) -> tuple[str, str]:
    """Kind and number; an identity card's must be possible. Raises KeyError, ValueError, InvalidIdentifier."""
    kind, number = _text(person.get("id_kind", ID_CARD)), _text(person["id_no"])
    return kind, CitizenId.parse(number).value if kind == ID_CARD else number


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= _LONGEST:
        raise ValueError("text")
    return value.strip()


def _refused(reason: str) -> IdentityProviderRefused:
    return IdentityProviderRefused(reason)
