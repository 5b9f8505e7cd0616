"""The same limit for programs, told as a problem."""

from __future__ import annotations

from django.http import HttpResponse

from xinshu.gateway.problems import TooManyCalls, problem
from xinshu.project.rate import RateMiddleware


class GatewayRateMiddleware(RateMiddleware):
    """429 as problem details."""

    def refuse(self, seconds: int) -> HttpResponse:
        """What a program is told."""
        return problem(TooManyCalls(seconds))
