"""Identifiers of organisations and persons: one module per kind, all shaped alike.

`Kind.parse(text)` normalises and refuses with `InvalidIdentifier`; `Kind.is_valid(text)`; `value.format()`;
module functions `normalise(text)` and `suggest(text)`. The constants are exported for the columnar checker.
Nothing is mended in silence: full-width, case, outer white space and an organisation code's hyphen, no more.

Source: docs/rules.md section 1 (GB 32100-2015, GB 11714, GB 11643, ISO 7064).
"""

from xinshu.kernel.identifiers.citizen_id import (
    CITIZEN_ID_CHECK_CHARACTERS,
    CITIZEN_ID_WEIGHTS,
    CitizenId,
)
from xinshu.kernel.identifiers.errors import InvalidIdentifier, Reason
from xinshu.kernel.identifiers.org_code import ORG_CODE_ALPHABET, ORG_CODE_WEIGHTS, OrgCode
from xinshu.kernel.identifiers.reg_no import RegNo
from xinshu.kernel.identifiers.uscc import USCC_ALPHABET, USCC_CATEGORIES, USCC_WEIGHTS, Uscc

__all__ = [
    "CITIZEN_ID_CHECK_CHARACTERS",
    "CITIZEN_ID_WEIGHTS",
    "ORG_CODE_ALPHABET",
    "ORG_CODE_WEIGHTS",
    "USCC_ALPHABET",
    "USCC_CATEGORIES",
    "USCC_WEIGHTS",
    "CitizenId",
    "InvalidIdentifier",
    "OrgCode",
    "Reason",
    "RegNo",
    "Uscc",
]
