"""A business system that shows credit cards: the smallest one that keeps to the rules. Nothing but the standard library.

    XINSHU_KEY=… python examples/card/server.py --gateway http://127.0.0.1:8001 --platform http://127.0.0.1:8000

Its key must be registered for querying, with the address of this page among its origins:

    xinshu disclosure system KEYID --title 审批系统 --origins http://127.0.0.1:8090

The key stays here. The page asks this server for a link, this server asks the platform, and says who is looking.
"""

from __future__ import annotations

import argparse
import json
import os
import uuid
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

PAGE = Path(__file__).with_name("index.html")
VIEWER = "张某 1001"  # a real system takes it from the session of whoever is signed in
QUERY = {"purpose": "administrative-approval", "legal_basis": "《中华人民共和国行政许可法》"}
LONGEST = 2_000  # bytes of a request


class Desk(BaseHTTPRequestHandler):
    """The page, and the address it asks for a link."""

    def __init__(self, gateway: str, platform: str, *given: object) -> None:
        self.gateway, self.platform = gateway, platform
        super().__init__(*given)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """The page."""
        if self.path != "/":
            self._tell(404, "text/plain", b"")
            return
        page = PAGE.read_text(encoding="utf-8").replace("{platform}", self.platform)
        self._tell(200, "text/html; charset=utf-8", page.encode())

    def do_POST(self) -> None:
        """`{code, matter_no}` of the page in, the platform's answer out. Only this server's own page may ask."""
        length = self.headers.get("Content-Length", "")
        own = self.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        if self.path != "/credit-link" or not own or not length.isdigit() or int(length) > LONGEST:
            self._tell(403, "application/json", b"{}")
            return
        try:
            asked = json.loads(self.rfile.read(int(length)))
            subject = {"kind": "organisation", "code": str(asked["code"])}
            body = {**QUERY, "matter_no": str(asked["matter_no"]), "subjects": [subject], "viewer": VIEWER}
        except (ValueError, KeyError, TypeError):
            self._tell(422, "application/json", b"{}")
            return
        self._tell(*self._ask(body))

    def _ask(self, body: dict[str, object]) -> tuple[int, str, bytes]:
        headers = {
            "Authorization": f"Bearer {os.environ['XINSHU_KEY']}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid.uuid4()),
        }
        request = Request(f"{self.gateway}/api/v1/cards", json.dumps(body).encode(), headers, method="POST")  # noqa: S310  # set at the start
        try:
            with urlopen(request, timeout=20) as told:  # noqa: S310
                return told.status, "application/json", told.read()
        except HTTPError as refused:  # a problem with code, title and detail: shown to the user as it is
            return refused.code, "application/json", refused.read()
        except URLError:
            return 502, "application/json", b"{}"

    def _tell(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A business system with credit cards")
    parser.add_argument("--gateway", required=True, help="address of the gateway")
    parser.add_argument("--platform", required=True, help="address of the website")
    parser.add_argument("--port", type=int, default=8090)
    given = parser.parse_args()
    handler = partial(Desk, given.gateway.rstrip("/"), given.platform.rstrip("/"))
    with ThreadingHTTPServer(("127.0.0.1", given.port), handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
