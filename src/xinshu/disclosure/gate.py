"""What the gate needs of an installation, made once and used for many queries."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Self, TypeVar, cast
from uuid import UUID

from xinshu.catalogue.domain import CatalogueItem, ItemField
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.queries import item_numbers
from xinshu.disclosure.domain import Asked, FieldKey, GateRules, Limits, Opening, Purpose
from xinshu.disclosure.errors import PurposeUnknown
from xinshu.disclosure.rules import load_gate_rules
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.security.domain import Actor, OrganisationFacts
from xinshu.security.identity.people import ID_CARD, person_reference
from xinshu.security.queries import organisations
from xinshu.security.sealing import Vault

_T = TypeVar("_T")
_KEPT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Gate:
    """Settings, catalogue, dated rules and keys."""

    settings: Settings
    catalogue: Mapping[str, CatalogueItem]
    rules: GateRules
    vault: Vault
    _kept: dict[str, tuple[float, object]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, settings: Settings, profile: str | None = None) -> Self:
        """Read the profile and open the keys. Raises ProfileInvalid, SealBroken."""
        chosen = open_profile(profile or settings.profile, settings.profiles_dir)
        catalogue = load_catalogue(chosen)
        return cls(settings, catalogue, load_gate_rules(chosen, catalogue), Vault.open(settings.home))

    def purpose(self, code: str, day: date) -> Purpose:
        """The purpose in force on a day. Raises PurposeUnknown."""
        found = self.rules.purpose(code, day)
        if found is None:
            raise PurposeUnknown(code[:60])
        return found

    def limits(self, day: date) -> Limits:
        """The limits of a day. Raises PurposeUnknown where the profile has none: nothing is open without limits."""
        found = self.rules.limits_on(day)
        if found is None:
            raise PurposeUnknown("rules/disclosure.yaml")
        return found

    def openings(self, purpose: Purpose) -> Mapping[FieldKey, Opening]:
        """What a purpose opens; worked out once for each of its versions."""
        return self.remembered("openings", purpose, lambda: purpose.openings(self.catalogue))

    def default_fields(self, purpose: Purpose) -> Mapping[FieldKey, Opening]:
        """What a query sees that names no fields: all the purpose opens without an approval."""
        openings = self.openings(purpose)
        return self.remembered("default", purpose, lambda: {key: o for key, o in openings.items() if not o.review})

    def remembered(self, what: str, purpose: Purpose, make: Callable[[], _T]) -> _T:
        """Something that follows from a version of a purpose, worked out once."""
        key = f"{what} {purpose.id} {purpose.period.first}"
        if key not in self._kept:
            self._kept[key] = (0.0, make())
        return cast(_T, self._kept[key][1])

    def columns(self) -> Mapping[FieldKey, ItemField]:
        """{(item, column): field} of the whole catalogue."""
        if "columns" not in self._kept:
            found = {(item.item, each.code): each for item in self.catalogue.values() for each in item.fields}
            self._kept["columns"] = (0.0, found)
        return self._kept["columns"][1]  # type: ignore[return-value]

    def items_by_number(self) -> Mapping[int, CatalogueItem]:
        """{number in the store: item}; asked of the database at most once a minute."""
        catalogue = self.catalogue
        return self._fresh("items", lambda: {n: catalogue[i] for i, n in item_numbers().items() if i in catalogue})

    def units(self) -> Mapping[str, OrganisationFacts]:
        """{USCC: organisation}; asked of the database at most once a minute."""
        return self._fresh("units", lambda: {each.uscc: each for each in organisations()})

    def forget(self) -> None:
        """Ask the database anew next time (after organisations were stored)."""
        self._kept.pop("items", None)
        self._kept.pop("units", None)

    def reference(self, asked: Asked) -> UUID:
        """What stands for a subject in tickets, consents and the audit record; never changes with the keys."""
        return self.vault.reference("subject" if asked.kind == "organisation" else "id_no", asked.code)

    def is_own(self, actor: Actor, asked: Asked) -> bool:
        """Whether a subject is the actor himself, or a firm he acts for; as far as his accounts are known to be one person's."""
        if asked.kind == "organisation":
            return asked.code in actor.firms
        return str(person_reference(self.vault, ID_CARD, asked.code)) == actor.person

    def person_indexes(self, id_number: str) -> list[UUID]:
        """Under what the store may know a person."""
        return self.vault.lookup_indexes("id_no", id_number)

    def _fresh(self, name: str, ask: Callable[[], _T]) -> _T:
        made, value = self._kept.get(name, (0.0, None))
        if value is None or time.monotonic() - made > _KEPT_SECONDS:
            value = ask()
            self._kept[name] = (time.monotonic(), value)
        return cast(_T, value)
