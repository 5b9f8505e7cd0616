"""A strict identity provider for demonstrations and tests, in place of a province's unified sign-in (统一身份认证).

OpenID Connect with the code flow alone: PKCE (S256), state and nonce are demanded, an exact return address, a code that
works once within a minute, tokens signed by a key made at start. Whoever comes chooses one of a few made-up people; no
password is asked, so it is for this machine alone. It knows nothing of the platform's database.
"""

from __future__ import annotations

import base64
import html
import json
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt

from xinshu.security.crypto.chosen import chosen
from xinshu.security.crypto.encoding import to_pem
from xinshu.security.crypto.provider import HashName, SchemeName

_CODE_SECONDS = 60
_TOKEN_SECONDS = 300
_LONGEST_BODY = 8192
_STYLE = (
    "body{margin:0;background:#f4f6fa;color:#1b2430;font:16px/1.6 'Noto Sans CJK SC','Microsoft YaHei',sans-serif}"
    "main{max-width:420px;margin:64px auto;padding:32px;background:#fff;border:1px solid #dfe4ec;border-radius:4px;"
    "box-sizing:border-box}h1{font-size:24px;margin:0 0 8px}p{margin:0 0 20px;color:#55606f}"
    "button{display:block;width:100%;margin-top:12px;padding:12px 16px;text-align:left;font:inherit;color:inherit;"
    "background:#fff;border:1px solid #8591a3;border-radius:4px;cursor:pointer}button:hover{border-color:#0b5cad}"
    "button:focus-visible{outline:3px solid #0b5cad;outline-offset:2px}b,span{display:block}span{color:#55606f}"
    "@media(max-width:480px){main{margin:16px;padding:20px}}"
)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can come in. `id_no`: of his identity card. `legal_person_of`: (USCC, name) of firms."""

    subject: str
    name: str
    id_no: str = field(repr=False)
    legal_person_of: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Client:
    """The platform as the provider knows it: where it sends people back to, after coming in and after signing out."""

    id: str
    secret: str = field(repr=False)
    returns_to: str
    signed_out_to: str = ""


@dataclass(frozen=True, slots=True)
class _Grant:
    person: Person
    nonce: str
    challenge: str
    until: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    type: str = "application/json"


class IdentityProvider:
    """The provider as a WSGI application. `clock`: seconds since 1970."""

    def __init__(
        self, issuer: str, client: Client, people: Iterable[Person], clock: Callable[[], float] = time.time
    ) -> None:
        self.issuer, self.client, self.clock = issuer, client, clock
        self.people = {each.subject: each for each in people}
        pair = chosen().crypto.new_signing_key(SchemeName.ECDSA_P256)
        self._private = to_pem(pair.private, "PRIVATE KEY").decode()
        point = pair.public[-64:]
        self.key = {
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "use": "sig",
            "kid": secrets.token_hex(8),
            "x": _url(point[:32]),
            "y": _url(point[32:]),
        }
        self._grants: dict[str, _Grant] = {}
        self._tokens: dict[str, tuple[Person, float]] = {}
        self.signed_out: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        """WSGI."""
        reply = self.answer(environ)
        headers = [
            ("Content-Type", reply.type),
            ("Content-Length", str(len(reply.body))),
            ("Cache-Control", "no-store"),
        ]
        start_response(reply.status, [*headers, *reply.headers])
        return [reply.body]

    def answer(self, environ: dict[str, Any]) -> Reply:
        """What is told to a request."""
        asked = (environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/"))
        query = _single(environ.get("QUERY_STRING", ""))
        match asked:
            case ("GET", "/.well-known/openid-configuration"):
                return _json(self._configuration())
            case ("GET", "/keys"):
                return _json({"keys": [self.key]})
            case ("GET", "/authorize"):
                return self._choose(query)
            case ("POST", "/authorize"):
                return self._chosen(query, _body(environ))
            case ("POST", "/token"):
                return self._token(_body(environ))
            case ("GET", "/end"):
                return self._end(query)
            case ("GET", "/userinfo"):
                return self._person(environ.get("HTTP_AUTHORIZATION", ""))
        return _error("404 Not Found", "not_found")

    def sign(self, claims: dict[str, Any], **changes: Any) -> str:
        """An id token of these claims; with another key or head for forgeries in tests."""
        return jwt.encode(
            claims, **{"key": self._private, "algorithm": "ES256", "headers": {"kid": self.key["kid"]}, **changes}
        )

    def claims(self, person: Person, nonce: str) -> dict[str, Any]:
        """What the id token says."""
        now = int(self.clock())
        return {
            "iss": self.issuer,
            "sub": person.subject,
            "aud": self.client.id,
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
            "auth_time": now,
            "nonce": nonce,
            "jti": secrets.token_hex(16),
            "name": person.name,
        }

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _faults(self, query: dict[str, str]) -> str:
        """What is wrong with a request to come in; such a one is sent nowhere."""
        expected = {
            "client_id": self.client.id,
            "redirect_uri": self.client.returns_to,
            "response_type": "code",
            "code_challenge_method": "S256",
        }
        wrong = [name for name, value in expected.items() if query.get(name) != value]
        wrong += [name for name in ("state", "nonce", "code_challenge") if len(query.get(name, "")) < 16]
        if query.get("prompt", "login") != "login" or not query.get("max_age", "0").isdigit():
            wrong.append("prompt, max_age")
        if "openid" not in query.get("scope", "").split():
            wrong.append("scope")
        return ", ".join(wrong)

    def _choose(self, query: dict[str, str]) -> Reply:
        faults = self._faults(query)
        if faults:
            return _error("400 Bad Request", "invalid_request", faults)
        buttons = "".join(
            f'<button name="sub" value="{html.escape(each.subject)}"><b>{html.escape(each.name)}</b>'
            f"<span>{html.escape(_what(each))}</span></button>"
            for each in self.people.values()
        )
        page = (
            '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>演示统一身份认证</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
            "<body><main><h1>演示统一身份认证</h1><p>仅供本机演示，人员均为虚构。选择以谁的身份登录：</p>"
            f'<form method="post" action="/authorize?{html.escape(urlencode(query))}">{buttons}</form>'
            "</main></body></html>"
        )
        digest = base64.b64encode(chosen().crypto.digest(HashName.SHA256, _STYLE.encode())).decode()
        policy = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
        return Reply("200 OK", page.encode(), (("Content-Security-Policy", policy),), "text/html; charset=utf-8")

    def _chosen(self, query: dict[str, str], form: dict[str, str]) -> Reply:
        person = self.people.get(form.get("sub", ""))
        faults = self._faults(query) or ("" if person else "sub")
        if person is None or faults:
            return _error("400 Bad Request", "invalid_request", faults)
        code = secrets.token_urlsafe(32)
        self._grants[code] = _Grant(person, query["nonce"], query["code_challenge"], self.clock() + _CODE_SECONDS)
        there = f"{self.client.returns_to}?{urlencode({'code': code, 'state': query['state']})}"
        return Reply("303 See Other", b"", (("Location", there),))

    def _token(self, form: dict[str, str]) -> Reply:
        grant = self._grants.pop(form.get("code", ""), None)  # whatever follows, it is used up
        if form.get("client_id") != self.client.id or not secrets.compare_digest(
            form.get("client_secret", "").encode(), self.client.secret.encode()
        ):
            return _error("401 Unauthorized", "invalid_client")
        proof = _url(chosen().crypto.digest(HashName.SHA256, form.get("code_verifier", "").encode()))
        if (
            grant is None
            or self.clock() > grant.until
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != self.client.returns_to
            or not secrets.compare_digest(proof, grant.challenge)
        ):
            return _error("400 Bad Request", "invalid_grant")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (grant.person, self.clock() + _TOKEN_SECONDS)
        told = {"access_token": token, "token_type": "Bearer", "expires_in": _TOKEN_SECONDS}
        return _json({**told, "id_token": self.sign(self.claims(grant.person, grant.nonce))})

    def _end(self, query: dict[str, str]) -> Reply:
        """Signing out: by an id token of ours, also an expired one, and back to the one address that was registered."""
        try:
            told = jwt.decode(
                query.get("id_token_hint", ""),
                key=jwt.PyJWK(self.key),
                algorithms=["ES256"],
                audience=self.client.id,
                issuer=self.issuer,
                options={"verify_exp": False},
            )
        except jwt.PyJWTError:
            return _error("400 Bad Request", "invalid_request", "id_token_hint")
        there = query.get("post_logout_redirect_uri", "")
        if not there or there != self.client.signed_out_to or query.get("client_id") != self.client.id:
            return _error("400 Bad Request", "invalid_request", "post_logout_redirect_uri")
        self.signed_out.append(told["sub"])
        self._tokens = {name: (who, until) for name, (who, until) in self._tokens.items() if who.subject != told["sub"]}
        return Reply("303 See Other", b"", (("Location", there),))

    def _person(self, shown: str) -> Reply:
        person, until = self._tokens.get(shown.removeprefix("Bearer "), (None, 0.0))
        if person is None or self.clock() > until:
            return _error("401 Unauthorized", "invalid_token")
        firms = [{"uscc": code, "name": name} for code, name in person.legal_person_of]
        told = {"sub": person.subject, "name": person.name, "id_no": person.id_no}
        return _json({**told, "legal_person_of": firms})


def read_people(path: Path) -> tuple[str, Client, list[Person]]:
    """What `xinshu up --demo-idp` wrote for the provider's process: issuer, the platform, the people."""
    told = json.loads(path.read_text(encoding="utf-8"))
    people = [
        Person(each["sub"], each["name"], each["id_no"], tuple((code, name) for code, name in each["legal_person_of"]))
        for each in told["people"]
    ]
    return told["issuer"], Client(**told["client"]), people


def _what(person: Person) -> str:
    firms = "、".join(name for _, name in person.legal_person_of)
    return f"{firms} 法定代表人" if firms else "不是法定代表人，可作经办人"


def _body(environ: dict[str, Any]) -> dict[str, str]:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not environ.get("CONTENT_TYPE", "").startswith(_FORM) or not length.isdigit() or int(length) > _LONGEST_BODY:
        return {}
    return _single(environ["wsgi.input"].read(int(length)).decode("utf-8", "replace"))


def _single(text: str) -> dict[str, str]:
    """The values of a query or form; one that comes twice counts as none."""
    return {name: values[0] for name, values in parse_qs(text).items() if len(values) == 1}


def _json(content: dict[str, Any]) -> Reply:
    return Reply("200 OK", json.dumps(content, ensure_ascii=False).encode())


def _error(status: str, code: str, what: str = "") -> Reply:
    return Reply(status, json.dumps({"error": code, "error_description": what}).encode())


def _url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
