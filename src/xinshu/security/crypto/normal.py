"""One form for each value before its blind index is taken, so that equal values written differently have equal indexes.

NFKC, nothing invisible, no white space, upper case; an identity number of 15 digits becomes its 18 (GB 11643 [recalled]).
"""

from __future__ import annotations

import re
import unicodedata

from xinshu.kernel.identifiers.citizen_id import from_15
from xinshu.kernel.text import INVISIBLE, WHITE_SPACE

_DROPPED = dict.fromkeys(map(ord, INVISIBLE + WHITE_SPACE))
_ID_CARD = "P身份证:"  # as the store writes a person's identity: letter, kind of paper, number (catalogue.checks.keys)
_OLD = re.compile(r"[0-9]{15}")


def normal_form(field_name: str, value: str) -> str:
    """The form that is indexed. `id_no` may be given alone (then of an identity card) or as the store's identity."""
    text = unicodedata.normalize("NFKC", value).translate(_DROPPED).upper()
    if field_name != "id_no":
        return text
    number = text.removeprefix(_ID_CARD)
    return from_15(number) if _OLD.fullmatch(number) else number


def first_form(field_name: str, value: str) -> str:
    """The form that earlier versions indexed: the store's identity."""
    text = normal_form(field_name, value)
    return f"{_ID_CARD}{text}" if field_name == "id_no" and not text.startswith("P") else text
