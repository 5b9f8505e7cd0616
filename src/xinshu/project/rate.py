"""How many requests one address may make: a bucket of tokens for each, in the memory of the process.

Addresses of the machine itself are not limited: behind a proxy that is not named by `XINSHU_TRUSTED_PROXIES` everybody comes
from there. Health pages and static files do not count, sign-in has a smaller budget of its own beside this one.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

_FREE = ("/healthz", "/readyz", "/static/")
_MOST_KEPT = 20_000
_SITE_BITS = 64  # of an IPv6 address: what one subscriber has


class Buckets:
    """A budget of `per_minute` for each name, filled evenly; a minute's worth may be used at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = float(per_minute), clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait(self, name: str) -> float:
        """Seconds until the name may ask again; 0 when it may now, which is counted."""
        with self._lock:
            now = self._clock()
            left = self._filled(name, now)
            if left < 1:
                return (1 - left) * 60 / self._most
            if len(self._left) >= _MOST_KEPT:
                kept = {each: spent for each, spent in self._left.items() if self._filled(each, now) < self._most}
                self._left = kept if len(kept) < _MOST_KEPT else {}  # so many at once: no memory for them all
            self._left[name] = (left - 1, now)
            return 0.0

    def _filled(self, name: str, now: float) -> float:
        left, at = self._left.get(name, (self._most, now))
        return min(self._most, left + (now - at) * self._most / 60)


def counted_as(address: str) -> str:
    """The name an address is counted under; empty when it is not limited."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.is_loopback:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, _SITE_BITS), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)


class RateMiddleware:
    """429 with `Retry-After` to an address that asks more often than `XINSHU_REQUESTS_PER_MINUTE`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        most = settings.XINSHU.requests_per_minute
        self.buckets = Buckets(most) if most else None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, or tell when to come again."""
        name = counted_as(str(request.META.get("REMOTE_ADDR", "")))
        if self.buckets is None or not name or request.path.startswith(_FREE):
            return self.get_response(request)
        seconds = math.ceil(self.buckets.wait(name))
        if not seconds:
            return self.get_response(request)
        answer = self.refuse(seconds)
        answer["Retry-After"] = str(seconds)
        answer["Cache-Control"] = "no-store"
        return answer

    def refuse(self, seconds: int) -> HttpResponse:
        """What a person is told."""
        words = f"请求过于频繁，请在 {seconds} 秒后再试。"
        return HttpResponse(words, status=429, content_type="text/plain; charset=utf-8")
