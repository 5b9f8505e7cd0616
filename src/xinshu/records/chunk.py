"""One chunk of accepted rows on its way into the store: its columns, with identities, keys and contents digested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.kernel.identifiers import Uscc
from xinshu.kernel.packing import flat
from xinshu.records.domain import DIGEST_BYTES, PublicityFacts, digester
from xinshu.security.sealing import Vault
from xinshu.subjects.services import Registration, Reported

Digested = npt.NDArray[np.uint8]
"""Shape (rows, 16)."""
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Digests:
    """The secret digests of an installation: of identities and keys, and of contents."""

    vault: Vault
    identity: Callable[[bytes], bytes]
    content: Callable[[bytes], bytes]

    @classmethod
    def of(cls, vault: Vault) -> Self:
        """Those that belong to the keys."""
        return cls(vault, digester(vault.digest_key("identity")), digester(vault.digest_key("content")))


@dataclass(slots=True)
class Chunk:
    """One chunk of rows: the columns as they came, identities, keys and contents digested (16 bytes each)."""

    frame: pl.DataFrame
    counterparts: Digested
    keys: Digested
    contents: Digested
    persons: dict[int, bytes]

    @classmethod
    def of(cls, frame: pl.DataFrame, digests: Digests) -> Chunk:
        """Digest the identities; an id number becomes a keyed stand-in before it becomes part of a digest."""
        identities, keys = frame["identity"], frame["key"]
        persons: dict[int, bytes] = {}
        natural = np.flatnonzero(identities.str.starts_with("P").to_numpy())
        if len(natural):
            shown, longer = identities.gather(natural).to_list(), keys.gather(natural).to_list()
            forms = [f"B{each.hex}" for each in digests.vault.identities("id_no", shown)]
            indexes = [each.bytes for each in digests.vault.blind_indexes("id_no", shown)]
            persons = dict(zip(natural.tolist(), indexes, strict=True))
            keys = keys.clone().scatter(
                natural, [key.replace(one, form) for key, one, form in zip(longer, shown, forms, strict=True)]
            )
            identities = identities.clone().scatter(natural, forms)
        contents = frame.select(pl.concat_str("payload", "personal")).to_series()
        return cls(
            frame,
            _digested(identities, digests.identity),
            _digested(keys, digests.identity),
            _digested(contents, digests.content),
            persons,
        )

    @property
    def height(self) -> int:
        """Rows."""
        return self.frame.height

    @property
    def row_numbers(self) -> npt.NDArray[np.int64]:
        """Of the file."""
        return self.frame["row_no"].to_numpy()

    @property
    def late(self) -> Mask:
        """Rows received after the deadline."""
        return self.frame["late"].to_numpy()

    def event_date(self, row: int) -> date | None:
        """Of one row."""
        found: date | None = self.frame["event_date"][row]
        return found

    def in_key_order(self, rows: Rows) -> Rows:
        """The rows as their counterparts lie in the indexes of the store."""
        halves = self.counterparts[rows].view(">u8")
        return rows[np.lexsort((halves[:, 1], halves[:, 0]))]

    def publicity(self, rows: Rows) -> tuple[list[PublicityFacts], Rows]:
        """The different facts on which the publicity of these rows depends, and for each row the number of its."""
        names = ("event_date", "ends_on", "kinds", "severity", "domain", "procedure", "person", "shown")
        different, which = _grouped(self.frame.select(names)[rows])
        return [PublicityFacts(**each) for each in different.iter_rows(named=True)], which

    def reported(self, rows: Rows) -> tuple[list[Reported | None], Rows]:
        """The different counterparts that these rows report, and for each row the number of its; None for a person,
        who is never looked up among organisations."""
        uscc = pl.when(pl.col("uscc") == Uscc.PLACEHOLDER).then(pl.lit("")).otherwise(pl.col("uscc")).alias("uscc")
        different, which = _grouped(self.frame.select(uscc, "org_code", "reg_no", "name_norm", "person")[rows])
        return [None if person else Reported(*codes) for *codes, person in different.iter_rows()], which

    def text(self, row: int, column: str) -> str:
        """One value of the chunk as text."""
        return str(self.frame[column].slice(row, 1).cast(pl.String).item())

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


def _digested(values: pl.Series, digest: Callable[[bytes], bytes]) -> Digested:
    whole, ends = flat(values)
    stops = ends.tolist()
    found = b"".join([digest(whole[start:stop]) for start, stop in zip([0, *stops], stops, strict=False)])
    return np.frombuffer(found, dtype=np.uint8).reshape(-1, DIGEST_BYTES)


def _grouped(frame: pl.DataFrame) -> tuple[pl.DataFrame, Rows]:
    """The different rows, and for each row the number of the one it equals."""
    different = frame.unique(maintain_order=True)
    numbered = frame.join(
        different.with_row_index("number"), on=frame.columns, how="left", maintain_order="left", nulls_equal=True
    )
    return different, numbered["number"].to_numpy().astype(np.int64)
