"""Loading `rules/purposes.yaml` and `rules/disclosure.yaml` of a profile, base first; a later profile replaces purposes
by their id and the limits as a whole. Strict: an unknown key, a class that may not be opened or an authorised class
without a word about consent is a fault of the file. Source: docs/disclosure.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from xinshu.catalogue.domain import Access, CatalogueItem, Mask
from xinshu.disclosure.domain import Entry, GateRules, Limits, Purpose, SubjectKind
from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile
from xinshu.rules.reading import Node, period_of, provenance_of, read, refuse_overlap

PURPOSES_FILE = "rules/purposes.yaml"
LIMITS_FILE = "rules/disclosure.yaml"

_OPENABLE = ("public", "authorised", "gov")
_MASKS = ("name", "id", "phone", "address", "account")
_DATED = ("effective_from", "effective_to", "mark", "source")
_ANY = "any"
_MOST = 1_000_000
_MOST_DAYS = 3650


def load_gate_rules(profile: Profile, catalogue: Mapping[str, CatalogueItem]) -> GateRules:
    """The purposes and limits of a profile.

    Raises:
        ProfileInvalid: a file is missing or wrong, or names an item or column the catalogue does not have.
    """
    purposes: dict[str, tuple[Purpose, ...]] = {}
    for node in _files(profile, PURPOSES_FILE):
        node.only("purposes")
        for each in node.child("purposes").items():
            versions = _purpose(each, catalogue)
            purposes[versions[0].id] = versions
    limits = [_limits(each) for each in _files(profile, LIMITS_FILE)[-1].child("limits").items()]
    refuse_overlap(_files(profile, LIMITS_FILE)[-1], [each.period for each in limits])
    return GateRules(tuple(each for versions in purposes.values() for each in versions), tuple(limits))


def _files(profile: Profile, name: str) -> list[Node]:
    paths = [folder / name for folder in profile.chain if (folder / name).is_file()]
    if not paths:
        raise ProfileInvalid(
            f"区域配置 {profile.name} 缺少 {name}", fix="补充该文件，或在 region.yaml 中 extends: base"
        )
    return [read(path) for path in paths]


def _purpose(node: Node, catalogue: Mapping[str, CatalogueItem]) -> tuple[Purpose, ...]:
    node.only("id", "title", "scene", "versions")
    named: dict[str, Any] = {
        "id": node.child("id").text(),
        "title": node.child("title").text(),
        "scene": cast(
            Literal["government", "authorised", "upkeep"],
            node.child("scene").one_of("government", "authorised", "upkeep"),
        ),
    }
    versions = tuple(_version(each, named, catalogue) for each in node.child("versions").items())
    if not versions:
        raise node.child("versions").fault("至少要有一个版本")
    refuse_overlap(node, [each.period for each in versions])
    return versions


def _version(node: Node, named: Mapping[str, Any], catalogue: Mapping[str, CatalogueItem]) -> Purpose:
    node.only(*_DATED, "legal_basis", "units", "subjects", "approvers", "sealed", "outside", "opens")
    units = node.child("units")
    return Purpose(
        **named,
        period=period_of(node),
        provenance=provenance_of(node),
        legal_basis=node.child("legal_basis").texts(),
        units=None if units.value == _ANY else frozenset(units.texts()),
        subjects=frozenset(
            cast(SubjectKind, each.one_of("organisation", "person")) for each in node.child("subjects").items()
        ),
        approvers=node.child("approvers").whole(0, 2),
        sealed=node.child("sealed").flag(),
        outside=node.child("outside").texts(),
        opens=tuple(_entry(each, catalogue) for each in node.child("opens").items()),
    )


def _entry(node: Node, catalogue: Mapping[str, CatalogueItem]) -> Entry:
    node.only("items", "access", "names", "review", "consent", "unmask")
    items = None if node.child("items").value == _ANY else frozenset(node.child("items").texts())
    for item in sorted(items or ()):
        if item not in catalogue:
            raise node.child("items").fault(f"中的事项 {item} 不在目录中")
    access = frozenset(cast(Access, each.one_of(*_OPENABLE)) for each in node.child("access").items())
    if "authorised" in access:
        node.needs("consent")
    names = frozenset(node.child("names").texts())
    known = {field.name for item in catalogue.values() if items is None or item.item in items for field in item.fields}
    if unknown := sorted(names - known):
        raise node.child("names").fault(f"中的 {'、'.join(unknown)} 不是所列事项的数据项")
    return Entry(
        items,
        access,
        names,
        node.child("review").flag(),
        node.child("consent").flag(),
        frozenset(cast(Mask, each.one_of(*_MASKS)) for each in node.child("unmask").items()),
    )


def _limits(node: Node) -> Limits:
    counts = ("per_batch", "per_unit_day", "per_person_day", "fetches", "run", "off_hours_subjects")
    days = ("approval_days", "file_days", "remind_days", "longest_use_days")
    node.only(*_DATED, *counts, *days, "off_hours")
    hours = [each.whole(0, 24) for each in node.child("off_hours").items()]
    if len(hours) != 2:
        raise node.child("off_hours").fault("应为两个整点，如 [20, 7]")
    return Limits(
        period=period_of(node),
        provenance=provenance_of(node),
        off_hours=(hours[0], hours[1]),
        **{name: node.child(name).whole(1, _MOST) for name in counts},
        **{name: node.child(name).whole(1, _MOST_DAYS) for name in days},
    )
