"""`python -m xinshu.demo.identity_server FILE PORT`: the demonstration's identity provider, on this machine alone."""

from __future__ import annotations

import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from xinshu.demo.identity_provider import IdentityProvider, read_people

HOST = "127.0.0.1"


class Server(ThreadingMixIn, WSGIServer):
    """One thread a request."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Without a line for each request: addresses hold codes."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
        del format, args


def server_of(application: IdentityProvider, port: int) -> WSGIServer:
    """A server that is ready; 0 for any port."""
    return make_server(HOST, port, application, server_class=Server, handler_class=Quiet)


def main(file: Path, port: int) -> None:
    """Serve until a signal comes."""
    server_of(IdentityProvider(*read_people(file)), port).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
