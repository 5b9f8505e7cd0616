"""Random users try random things on all routes: whoever may not is refused, nothing of another's is in any answer."""

from __future__ import annotations

import os
import random
import re
from collections import Counter

from tests.guards.test_route_matrix import stated
from tests.security.identity.seeded import patterns_now, program, seeded, through_gateway  # noqa: F401
from tests.security.identity.test_strangers import UNKNOWN

from xinshu.security.domain import Role

ATTEMPTS = int(os.environ.get("ATTEMPTS", "1200"))  # 10000 for the full run, docs/identity.md
_KIND_OF = {each: each for each in ("number", "label", "token", "user", "change", "name", "mandate", "firm")}
_VERBS = ["approve", "refuse", "withdraw", "on", "off", "password", ""]
_TYPED = ["", "1", "x" * 300, "' OR 1=1 --", "<script>alert(1)</script>", "../../etc/passwd", "\u2028", "９９", "\x00a"]
_FIELDS = [
    "verb",
    "version",
    "decision",
    "reason",
    "q",
    "page",
    "next",
    "subjects",
    "purpose",
    "code",
    "user",
    "role",
    "form",
    "new",
]

# The lists of accounts are the administrators', the record of who asked what is the auditor's.
_MAY_SEE = {
    Role.SYSTEM_ADMIN: {"an officer"},
    Role.SECURITY_ADMIN: {"an officer"},
    Role.AUDIT_ADMIN: {"an officer", "a query"},
}


def _fill(route: str, seeded, dice: random.Random) -> str:  # noqa: F811
    """The address of a route with ids of the first side, unknown ones, or rubbish."""

    def one(match: re.Match[str]) -> str:
        converter, name = match[1], match[2]
        kind = "key" if converter == "int" else _KIND_OF.get(name, "")
        pool = [seeded.ids.get(kind), UNKNOWN.get(kind)]
        if converter == "slug":
            return dice.choice(["agree", "revoke", "narrow", "nothing", UNKNOWN["number"]])
        if converter == "str":
            pool += ["nothing", "%27%20OR%201", seeded.ids["consent"], seeded.world.company(1)]
        return dice.choice([each for each in pool if each])

    return "/" + re.sub(r"<(\w+):(\w+)>", one, route)


def _sent(dice: random.Random) -> dict[str, str]:
    values = [*_TYPED, *_VERBS]
    return {name: dice.choice(values) for name in dice.sample(_FIELDS, dice.randrange(6))}


def test_random_attempts_leak_nothing(seeded, make_user, browser_of, program, through_gateway):  # noqa: F811
    dice = random.Random(20261125)
    users = {role: make_user(f"w{role.value}", role, unit=seeded.other) for role in Role}
    clients = {role: browser_of(user, factor=False) for role, user in users.items()}
    web = list(stated(patterns_now()))
    with through_gateway():
        machine = list(stated(patterns_now()))
    told: Counter[str] = Counter()
    for _ in range(ATTEMPTS):
        method = dice.choice(["get", "get", "post", "post", "head", "put", "delete"])
        if dice.random() < 0.15:
            route, who = dice.choice(machine)
            address = _fill(route, seeded, dice)
            with through_gateway():
                answer = getattr(program, method)(address, _sent(dice) if method in {"get", "post"} else None)
            role = None
        else:
            route, who = dice.choice(web)
            address = _fill(route, seeded, dice)
            role = dice.choice(list(Role))
            client = clients[role]
            client.raise_request_exception = False
            answer = getattr(client, method)(address, _sent(dice) if method in {"get", "post"} else None)
            if who not in {"public", "signed-in"} and role.value not in who.split():
                assert answer.status_code in {403, 302}, (route, role, method, answer.status_code)
                assert answer.status_code == 403 or answer["Location"].startswith("/login"), (route, role)
            if "sessionid" not in client.cookies or not client.cookies["sessionid"].value or route == "logout":
                clients[role] = browser_of(users[role], factor=False)
        assert answer.status_code < 500, (method, address, role)
        told[str(answer.status_code)] += 1
        _nothing_of_anothers(answer, address, role, seeded)
    assert len(told) > 3, told


def _nothing_of_anothers(answer, address: str, role: Role | None, seeded) -> None:  # noqa: F811
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = body.decode("utf-8", "replace") + str(dict(answer.headers))
    for what, secret in seeded.secrets.items():
        if what in _MAY_SEE.get(role, ()):
            continue
        if secret in address:
            continue  # what was asked for may be said back
        assert secret not in text, (what, address, role)
