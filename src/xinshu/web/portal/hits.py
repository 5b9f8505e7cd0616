"""What a search found, by kind, region and status: the facets of the results page. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xinshu.catalogue.reference import Divisions
from xinshu.subjects.domain import Hit

CITY = 2  # level of a division that is offered as a facet
# First characters of the credit code (GB 32100-2015): the registering authority, and for 9 the kind of body.
KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "enterprise": ("企业", ("91",)),
    "trader": ("个体工商户", ("92",)),
    "cooperative": ("农民专业合作社", ("93",)),
    "society": ("社会组织", ("5",)),
    "public-body": ("机关事业单位", ("1",)),
}
OTHER = "other"
_OTHER_TITLE = "其他组织"
SCOPES = ("enterprise", "society", "public-body")  # offered beside the search box


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a facet and how many hits have it. `chosen`: the list shows only those."""

    value: str
    title: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow the hits; `name` is its word in the address."""

    name: str
    title: str
    values: tuple[Value, ...]

    @property
    def chosen(self) -> bool:
        """Whether one of its values narrows the list."""
        return any(each.chosen for each in self.values)


def kind_of(code: str) -> str:
    """The kind of body a credit code was given to."""
    return next((name for name, (_, heads) in KINDS.items() if code.startswith(heads)), OTHER)


def narrow(hits: Sequence[Hit], chosen: Mapping[str, str], divisions: Divisions) -> tuple[list[Hit], tuple[Facet, ...]]:
    """The hits that have every chosen value, and the facets. A facet counts the hits the other facets leave.

    `chosen`: {kind, region or status: value}; a value no hit has leaves nothing, as the address says.
    """
    reads: dict[str, tuple[str, Callable[[Hit], str], Callable[[str], str]]] = {
        "kind": ("类型", lambda hit: kind_of(hit.uscc), lambda value: KINDS.get(value, (_OTHER_TITLE,))[0]),
        "region": ("地区", lambda hit: _city(hit, divisions), lambda value: divisions.name(value) or "其他地区"),
        "status": ("状态", lambda hit: hit.status, lambda value: value),
    }
    asked = {name: value for name, value in chosen.items() if value and name in reads}

    def left(without: str) -> list[Hit]:
        return [hit for hit in hits if all(reads[n][1](hit) == v for n, v in asked.items() if n != without)]

    facets = []
    for name, (title, read, word) in reads.items():
        counts = Counter(read(hit) for hit in left(name))
        counts.pop("", None)
        if name in asked:
            counts.setdefault(asked[name], 0)
        values = (Value(v, word(v), n, asked.get(name) == v) for v, n in counts.most_common())
        facets.append(Facet(name, title, tuple(values)))
    return left(""), tuple(each for each in facets if len(each.values) > 1 or each.chosen)


def _city(hit: Hit, divisions: Divisions) -> str:
    """The city of a hit's region (of its code, where the registry has none); empty for one outside the lists."""
    at = hit.region or hit.uscc[2:8]
    while at in divisions.by_code and divisions.by_code[at].level > CITY:
        at = divisions.parent(at)
    return at if divisions.known(at) else ""
