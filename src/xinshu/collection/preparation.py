"""Checked rows made ready for the store, inside the reading process: no keys needed, nothing decided.

Personal values leave the row's text here: the public part keeps them masked, the personal part is sealed by the parent
before it touches any disk.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from xinshu.catalogue.checks import ChunkResult
from xinshu.catalogue.checks.context import RowFacts
from xinshu.catalogue.checks.keys import SEPARATOR, counterpart_column, key_frame
from xinshu.catalogue.domain import CatalogueItem, ItemField
from xinshu.kernel.text import normalise_name
from xinshu.security.masking import mask

DOUBTFUL = {"row_no": pl.Int64, "duplicate": pl.Boolean, "raw": pl.String}
NATURAL_PERSON = "自然人"
_ROLE_COLUMNS = (
    "uscc",
    "org_code",
    "reg_no",
    "counterpart_name",
    "counterpart_kind",
    "id_no",
    "authority_code",
    "document_no",
)
_REGISTRATION = ("status", "region", "approved_on", "former_names")  # names of fields, for items that create subjects
_PUBLICITY_COLUMNS = ("kinds_field", "severity_field", "domain_field", "procedure_field")


def prepare(item: CatalogueItem, result: ChunkResult) -> pl.DataFrame:
    """The accepted rows of a chunk.

    Columns: `row_no`, `late`; `identity` and `key` (texts to be hashed); the values of the roles under their role names,
    empty where the item has none; `name_norm`; `event_date`, `ends_on` (dates); `kinds`, `severity`, `domain`,
    `procedure`; `shown` (the item's own condition of publicity); `person` (about a natural person); for items that
    create subjects `status`, `region`, `approved_on`, `former_names`;
    `payload` (JSON, personal values masked), `personal` (JSON, empty string when the row has none).
    """
    keep = ~(result.doubtful | result.duplicate)
    facts = result.facts
    frame = facts.frame
    columns: dict[str, pl.Series] = {"row_no": pl.Series(result.rows), "late": pl.Series(result.late)}
    columns["identity"] = counterpart_column(item, facts)
    columns["key"] = key_frame(item, facts).select(pl.concat_str(pl.all(), separator=SEPARATOR)).to_series()
    for role in _ROLE_COLUMNS:
        columns[role] = _values(frame, getattr(item.roles, role))
    for role in ("event_date", "ends_on"):
        columns[role] = _values(frame, getattr(item.roles, role)).str.to_date("%Y-%m-%d", strict=False)
    for name in _PUBLICITY_COLUMNS:
        columns[name.removesuffix("_field")] = _values(frame, getattr(item.publicity, name))
    columns["name_norm"] = comparable_names(columns["counterpart_name"])
    columns["shown"] = pl.Series(facts.holds(item.publicity.when))
    columns["person"] = (columns["counterpart_kind"] == NATURAL_PERSON) | (columns["id_no"] != "")
    if item.creates_subjects:
        codes = {each.name: each.code for each in item.fields}
        columns |= {name: _values(frame, codes.get(name)) for name in _REGISTRATION}
    columns["payload"], columns["personal"] = _texts(item, facts)
    return pl.DataFrame(columns).filter(keep)


_COMPARABLE = r"^[\x{3400}-\x{4dbf}\x{4e00}-\x{9fff}A-Z0-9()·\-]*$"


def comparable_names(values: pl.Series) -> pl.Series:
    """`normalise_name` of every value; values without anything to change are not touched."""
    rest = np.flatnonzero(~values.str.contains(_COMPARABLE).to_numpy())
    if not len(rest):
        return values
    texts = values.gather(rest.astype(np.uint32)).to_list()
    return values.clone().scatter(rest, [normalise_name(text) for text in texts])


def _values(frame: pl.DataFrame, code: str | None) -> pl.Series:
    return frame[code] if code is not None else pl.repeat("", frame.height, dtype=pl.String, eager=True)


def _texts(item: CatalogueItem, facts: RowFacts) -> tuple[pl.Series, pl.Series]:
    """Payload and personal part. A field is left out of a row's JSON only by being empty in it."""
    frame = facts.frame.select([each.code for each in item.fields])
    whole: dict[str, pl.Series] = {}
    public: list[pl.Series] = []
    for each in item.fields:
        values = frame[each.code]
        if each.personal:
            rows = facts.personal(each) & facts.filled(each.code)
            whole[each.code] = pl.Series(np.where(rows, values.to_numpy(), ""), dtype=pl.String)
            values = _masked(each, values, rows)
        public.append(values.alias(each.code))
    payload = _json(pl.DataFrame(public))
    if not whole:
        return payload, pl.repeat("", frame.height, dtype=pl.String, eager=True)
    personal = pl.DataFrame(whole)
    some = personal.select(pl.any_horizontal(pl.all() != "")).to_series()
    return payload, pl.select(pl.when(some).then(_json(personal)).otherwise(pl.lit(""))).to_series()


def _masked(each: ItemField, values: pl.Series, rows: np.ndarray) -> pl.Series:
    places = np.flatnonzero(rows)
    if not len(places):
        return values
    texts = values.gather(places.astype(np.uint32))
    forms = {text: mask(text, each.mask) for text in texts.unique().to_list()}
    return values.clone().scatter(places, texts.replace_strict(forms, return_dtype=pl.String))


def _json(frame: pl.DataFrame) -> pl.Series:
    """One JSON object a row, keys in column order, empty values left out."""
    parts = []
    for name in frame.columns:
        value = frame[name]
        if value.str.contains(r'["\\\x00-\x1f]').any():
            value = pl.DataFrame({name: value}).select(pl.struct(pl.all()).struct.json_encode()).to_series()
            head = len(f'{{"{name}":"')
            value = value.str.slice(head, None).str.head(-2)
        parts.append(
            pl.select(
                pl.when(frame[name] != "").then(pl.lit(f'"{name}":"') + value + pl.lit('",')).otherwise(pl.lit(""))
            )
            .to_series()
            .alias(name)
        )
    joined = pl.DataFrame(parts).select(pl.concat_str(pl.all())).to_series()
    return pl.select(pl.lit("{") + joined.str.head(-1) + pl.lit("}")).to_series()
