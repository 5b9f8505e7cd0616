"""One chunk of accepted rows on its way into the store: columns as Python lists, identities digested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import polars as pl

from xinshu.kernel.identifiers import Uscc
from xinshu.records.domain import PublicityFacts, digester
from xinshu.security.sealing import Vault
from xinshu.subjects.services import Registration, Reported


@dataclass(frozen=True, slots=True)
class Digests:
    """The secret digests of an installation: of identities and keys, and of contents."""

    vault: Vault
    identity: Callable[[str], bytes]
    content: Callable[[str], bytes]

    @classmethod
    def of(cls, vault: Vault) -> Self:
        """Those that belong to the keys."""
        return cls(vault, digester(vault.digest_key("identity")), digester(vault.digest_key("content")))


@dataclass(slots=True)
class Chunk:
    """The columns of one chunk as Python lists, identities digested."""

    height: int
    row_numbers: list[int]
    late: list[bool]
    counterparts: list[bytes]
    keys: list[bytes]
    contents: list[bytes]
    event_dates: list[date | None]
    ends_on: list[date | None]
    authorities: list[str]
    payloads: list[str]
    personal: list[str]
    publicity: list[PublicityFacts]  # the different ones
    publicity_of: list[int]  # for each row the number of its facts
    months: list[str]  # of the event, empty without a date
    frame: pl.DataFrame
    persons: dict[int, bytes]
    columns: dict[str, list[str]]

    @classmethod
    def of(cls, frame: pl.DataFrame, digests: Digests) -> Chunk:
        """Digest the identities; an id number becomes a keyed stand-in before it becomes part of a digest."""
        identities, keys = frame["identity"].to_list(), frame["key"].to_list()
        persons: dict[int, bytes] = {}
        for row in np.flatnonzero(frame["identity"].str.starts_with("P").to_numpy()).tolist():
            person = f"B{digests.vault.identity('id_no', identities[row]).hex}"
            persons[row] = digests.vault.blind_index("id_no", identities[row]).bytes
            keys[row] = keys[row].replace(identities[row], person)
            identities[row] = person
        digest = digests.identity
        payloads, personal = frame["payload"].to_list(), frame["personal"].to_list()
        names = ("event_date", "ends_on", "kinds", "severity", "domain", "procedure", "person", "shown")
        groups = frame.select(pl.struct(names).alias("facts")).to_series()
        facts = groups.unique(maintain_order=True)
        numbers = pl.DataFrame({"facts": facts, "number": np.arange(len(facts))})
        numbered = frame.select(pl.struct(names).alias("facts")).join(
            numbers, on="facts", how="left", maintain_order="left", nulls_equal=True
        )
        return cls(
            frame.height,
            frame["row_no"].to_list(),
            frame["late"].to_list(),
            [digest(each) for each in identities],
            [digest(each) for each in keys],
            [digests.content(whole + own) for whole, own in zip(payloads, personal, strict=True)],
            frame["event_date"].to_list(),
            frame["ends_on"].to_list(),
            frame["authority_code"].to_list(),
            payloads,
            personal,
            [PublicityFacts(**each) for each in facts.to_list()],
            numbered["number"].to_list(),
            frame["event_date"].dt.strftime("%Y-%m").fill_null("").to_list(),
            frame,
            persons,
            {},
        )

    def text(self, row: int, column: str) -> str:
        """One value of the chunk."""
        return self.column(column)[row]

    def column(self, name: str) -> list[str]:
        """One column as texts."""
        if name not in self.columns:
            self.columns[name] = self.frame[name].cast(pl.String).to_list()
        return self.columns[name]

    def reported(self, rows: list[int]) -> list[Reported | None]:
        """The counterparts as the rows report them; None for a person, who is never looked up among organisations."""
        uscc, org_code, reg_no = self.column("uscc"), self.column("org_code"), self.column("reg_no")
        names, person = self.column("name_norm"), self.column("person")
        return [
            None
            if person[row] == "true"
            else Reported("" if uscc[row] == Uscc.PLACEHOLDER else uscc[row], org_code[row], reg_no[row], names[row])
            for row in rows
        ]

    def registration(self, row: int) -> Registration:
        """What a registration record says about its subject."""
        approved = self.text(row, "approved_on")
        return Registration(
            self.text(row, "uscc"),
            self.text(row, "counterpart_name"),
            self.text(row, "name_norm"),
            self.text(row, "status"),
            self.text(row, "region"),
            date.fromisoformat(approved) if approved else None,
            self.text(row, "former_names"),
        )
