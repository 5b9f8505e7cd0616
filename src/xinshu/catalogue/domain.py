"""What a catalogue item (目录事项) is: its fields, roles, row rules and how it is published.

Pure and frozen. An item is declared once, in `profiles/**/catalogue/<item>.yaml` (Frictionless Table Schema, Data
Package v2, plus `xinshu:` keys, docs/catalogue.md); checks, template, JSON Schema and documentation are compiled from
the objects defined here.

Source: architecture.md section 5; national catalogue rules GB/T 39440-2020 [recalled].
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

FieldKind = Literal[
    "text",  # free text
    "name",  # name of an organisation or a person
    "document_no",  # 文书号
    "code",  # one value of a code list
    "codes",  # several values of a code list joined by ；
    "uscc",
    "org_code",
    "reg_no",
    "id_number",
    "date",
    "amount",  # number in 万元
    "number",
    "year",
    "month",  # yyyyMM
    "region",  # GB/T 2260, six digits
    "industry",  # GB/T 4754
    "other_no",  # any other identifier, length check only
]
Access = Literal["public", "authorised", "gov", "barred"]
Mask = Literal["none", "name", "id", "phone", "address", "account"]
PublicityWay = Literal["penalty", "permit", "until-removal", "always", "none"]

CODE_KINDS: frozenset[str] = frozenset(
    {"uscc", "org_code", "reg_no", "id_number", "region", "industry", "other_no", "year", "month"}
)
TEXT_KINDS: frozenset[str] = frozenset({"text", "name", "document_no"})


@dataclass(frozen=True, slots=True)
class CodeValue:
    """One allowed value. `aliases` are the common spellings and department codes mapped to `value`.

    `key`: the word other rooms use for the value (food, minor, simple), empty where none of them reads it.
    """

    value: str
    aliases: tuple[str, ...] = ()
    key: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class CodeList:
    """A named list of values (代码表), kept once in `catalogue/_code_lists.yaml` and referred to by fields."""

    name: str
    title: str
    values: tuple[CodeValue, ...]
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """True for a row when `field` satisfies the test. Exactly one of the tests is set.

    `any_of`: the value (or one of the joined values) is in the list. `none_of`: it is filled and none is in the list.
    `present` / `absent`: the cell is filled / empty.
    """

    field: str
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    present: bool = False
    absent: bool = False


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule over several columns of one row. `rule` is a code of the rulebook (docs/checks.md).

    conditional.required / conditional.forbidden: `fields` under `when` (all conditions must hold).
    amount.required: `fields[0]` must be a number above zero under `when`.
    date.order: `fields` = (start, end).
    """

    rule: str
    fields: tuple[str, ...]
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemField:
    """One column (数据项) of an item.

    `code` is the column code (CF_WSH), `title` its Chinese heading, `name` the code-side name (decision_no).
    `max_length` in characters. `usual_amount` in 万元: the usual size, 100 times of which is doubted as yuan.
    `past_only`: a date that may not lie after the day of receipt.
    `personal_when`: the value is personal only under this condition (a counterpart that is a natural person);
    `mask` other than none without it means always personal.
    """

    code: str
    title: str
    name: str
    kind: FieldKind
    required: bool = False
    max_length: int | None = None
    access: Access = "barred"
    mask: Mask = "none"
    aliases: tuple[str, ...] = ()
    values: tuple[CodeValue, ...] = ()
    open_values: bool = False  # 其他-补充内容 allowed beside the listed values
    usual_amount: float | None = None
    past_only: bool = False
    placeholder_code_when: tuple[Condition, ...] = ()  # 17 zeros + X accepted under these conditions
    personal_when: tuple[Condition, ...] = ()
    example: str = ""
    note: str = ""
    mark: str = ""
    code_list: str | None = None  # name of the CodeList `values` come from; None when they stand in the field itself

    @property
    def personal(self) -> bool:
        """The value may be personal data: it is sealed in the store and masked in findings."""
        return self.mask != "none" or bool(self.personal_when)


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column plays which part. A value is a column code; None where the item has no such column."""

    counterpart_name: str
    counterpart_kind: str | None = None
    uscc: str | None = None
    org_code: str | None = None
    reg_no: str | None = None
    id_type: str | None = None
    id_no: str | None = None
    event_date: str | None = None
    authority_name: str | None = None
    authority_code: str | None = None
    document_no: str | None = None
    source_name: str | None = None
    source_code: str | None = None
    ends_on: str | None = None  # valid_to of a permit, removal date of a list entry
    headline: str | None = None  # what the public page shows as the record's title


@dataclass(frozen=True, slots=True)
class Deadline:
    """Reporting deadline: `working_days` after the event date. Source: rules.md section 2.1."""

    rule: str  # name of the dated deadline rule in rules/deadlines.yaml, e.g. "dual-publicity"


@dataclass(frozen=True, slots=True)
class Publicity:
    """How records of the item become public.

    `by`: penalty (severity rules), permit (from loading; 已过期 after the end), until-removal (a list: shown until
    `Roles.ends_on`), always (from loading, no end), none (never public). `severity_field`, `kinds_field`,
    `domain_field`, `procedure_field` name the columns `penalty` reads.
    `natural_persons`: whether records about natural persons may be public at all.
    `when`: a record becomes public only when all these conditions hold (a taxpayer of level A).
    """

    by: PublicityWay = "none"
    natural_persons: bool = False
    kinds_field: str | None = None
    severity_field: str | None = None
    domain_field: str | None = None
    procedure_field: str | None = None
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One version of one kind of information. `key` parts are column codes, or the word `counterpart`."""

    item: str  # administrative-penalty
    title: str
    version: str  # 2026.1
    effective_from: date
    fields: tuple[ItemField, ...]
    key: tuple[str, ...]
    roles: Roles
    rules: tuple[RowRule, ...] = ()
    deadline: Deadline | None = None
    publicity: Publicity = field(default_factory=Publicity)
    subject_kinds: tuple[str, ...] = ("legal_person",)
    category: str = ""
    access: Access = "barred"
    update_cycle: str = ""
    legal_basis: str = ""
    description: str = ""
    mark: str = ""
    creates_subjects: bool = False  # enterprise-registration: its records create and update subjects
    by_code: dict[str, ItemField] = field(init=False, repr=False, compare=False)
    """{column code: field}, in file order."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_code", {each.code: each for each in self.fields})

    def field(self, code: str) -> ItemField:
        """The field with this column code. Raises KeyError for an unknown one."""
        return self.by_code[code]


def heading_key(text: str) -> str:
    """The form in which two headings are compared: width, case and white space do not count.

    "行政相对人代码_1（统一社会信用代码）" and "行政相对人代码_1(统一社会信用代码)" are the same heading.
    """
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()
