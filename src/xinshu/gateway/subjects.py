"""`/api/v1/subjects/CODE`: what the public may see of a subject, for any key. What is more comes by a registered query."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone

from xinshu.disclosure.machines import Told
from xinshu.gateway.batches import with_key
from xinshu.gateway.queries import tell
from xinshu.kernel.clock import shanghai_date
from xinshu.publication.queries import PublicReference, public_profile
from xinshu.security.domain import KeyFacts

OpenReference = Callable[[], PublicReference]


def subject_routes(open_reference: OpenReference) -> list[URLPattern]:
    """The route; the reference data are read when first needed."""
    return [path("api/v1/subjects/<str:code>", subject, {"open_reference": open_reference}, name="subject")]


@with_key("GET")
def subject(request: HttpRequest, key: KeyFacts, open_reference: OpenReference, code: str) -> JsonResponse:
    """GET: the public page of a subject as data."""
    del request, key
    day = shanghai_date(timezone.now())
    return tell(Told(200, public_profile(code, reference=open_reference(), day=day).as_dict()))
