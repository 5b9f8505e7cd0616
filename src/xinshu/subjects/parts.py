"""A name told apart: region, trade name 字号, trade 行业, legal form 组织形式, and what makes it a branch.

Source: 企业名称登记管理规定 (2020) art. 6: a name is made of region, trade name, line of business and form, in this order;
art. 13: a branch's name begins with its parent's whole name. The words are data (`subjects.vocabulary`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from xinshu.kernel.text import normalise_name
from xinshu.subjects.vocabulary import Form, Vocabulary

_BRACKETS = re.compile(r"\(([^()]*)\)")
_NATION = ("中国", "中华", "全国")
_NO_FORM = Form("", "", same=False, general=frozenset())
_MOST_REGIONS = 4
_LONGEST_FORM = 16
_LONGEST_TRADE = 8
_FULL = "省市区县州盟旗"  # endings of a region's full name
_ANY = "\ue000"  # a character no name has
_FEWEST = 2  # characters a trade name keeps
_PARENTS = (
    "公司",
    "厂",
    "合作社",
    "事务所",
    "(有限合伙)",
    "(普通合伙)",
    "(特殊普通合伙)",
    "合伙企业",
    "联合社",
    "集团",
    "银行",
    "信用社",
)


@dataclass(frozen=True, slots=True)
class NameParts:
    """A comparable name in its parts; "" where a part is missing.

    `regions`: as written, the larger first. `codes`: what the smallest of them may stand for. `parent`: for a branch the
    comparable name of the organisation it belongs to, which is another subject.
    """

    whole: str
    regions: tuple[str, ...]
    codes: tuple[str, ...]
    trade_name: str
    trade: str
    form: Form
    branch: str
    parent: str

    @property
    def body(self) -> str:
        """Trade name and trade together, the part that tells organisations of one place apart."""
        return self.trade_name + self.trade


def split_name(name: str, vocabulary: Vocabulary) -> NameParts:
    """Tell the parts of a name (as written or comparable) apart. Every name has parts: what nothing else fits is the
    trade name."""
    whole = normalise_name(name)
    head, branch = _branch(vocabulary.without_remark(whole), vocabulary)
    rest, regions, mark = _out_of_brackets(head, vocabulary)
    before, rest = _regions(rest, vocabulary)
    form, trade, trade_name = _endings(rest, mark, vocabulary)
    if (
        before
        and before[-1][-1] not in _FULL
        and not trade
        and (len(trade_name) < _FEWEST or trade_name in vocabulary.trades)
    ):
        form, trade, trade_name = _endings(before[-1] + rest, mark, vocabulary)  # 同德 is a county too
        before = before[:-1]
    regions = (*before, *regions)
    return NameParts(
        whole, regions, _codes(regions, vocabulary), trade_name, trade, form, branch, head if branch else ""
    )


def _branch(name: str, vocabulary: Vocabulary) -> tuple[str, str]:
    """(name up to the end of the parent's, rest); the rest is empty for what is no branch."""
    if name[-1:] not in vocabulary.branch_tails:
        return name, ""
    length = next((n for n in range(min(8, len(name) - 2), 0, -1) if name[-n:] in vocabulary.branches), 0)
    if not length:
        return name, ""
    end = max(name.rfind(word, 0, -length) + len(word) if word in name[:-length] else 0 for word in _PARENTS)
    if name[-length:] == "分公司" and not end:  # 甲乙纺织分公司: the parent is written short
        end = len(name) - length
    return (name[:end], name[end:]) if end >= _FEWEST + 1 else (name, "")


def _out_of_brackets(name: str, vocabulary: Vocabulary) -> tuple[str, tuple[str, ...], str]:
    """The name without brackets, the regions that stood in them, and a mark of the form."""
    if "(" not in name and ")" not in name:
        return name, (), ""
    regions: list[str] = []
    mark = ""

    def judge(found: re.Match[str]) -> str:
        nonlocal mark
        inner = found[1]
        if inner in _NATION or all_regions(inner, vocabulary.regions):
            several, rest = _regions(inner + _ANY, vocabulary)
            regions.extend(several if rest == _ANY else (inner,))
            return ""
        if inner in vocabulary.bracket_marks:
            if inner in ("集团", "控股"):
                return inner
            mark = f"({inner})"
            return ""
        return inner

    return _BRACKETS.sub(judge, name).strip("()"), tuple(regions), mark


def _regions(text: str, vocabulary: Vocabulary) -> tuple[tuple[str, ...], str]:
    """The regions a name begins with, each lying in the one before (三亚 behind A市 is a trade name), and the rest."""
    known, heads = vocabulary.regions, vocabulary.region_heads
    found: list[str] = []
    within: tuple[str, ...] = ()
    while len(found) < _MOST_REGIONS:
        length = next(
            (
                n
                for n in heads.get(text[:2], ())
                if n < len(text)
                and text[:n] in known
                and (not found or any(code.startswith(within) for code in known[text[:n]]))
            ),
            0,
        )
        if not length and not found and text[:2] in _NATION and len(text) > 2 + _FEWEST:
            return (text[:2],), text[2:]
        if not length:
            break
        within = tuple({_prefix(code) for code in known[text[:length]]})
        found.append(text[:length])
        text = text[length:]
    return tuple(found), text


def all_regions(text: str, known: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a text is a region, or several from the larger to the smaller."""
    return text in known or any(text[:n] in known and all_regions(text[n:], known) for n in range(len(text) - 2, 1, -1))


def _prefix(code: str) -> str:
    """The digits that all codes inside a division share."""
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


def _endings(text: str, mark: str, vocabulary: Vocabulary) -> tuple[Form, str, str]:
    """(form, trade, trade name): the longest form, but a shorter one where only that leaves a trade (烟酒 + 店)."""
    first: tuple[Form, str, str] | None = None
    longest = min(_LONGEST_FORM, len(text) - 1) if text[-1:] in vocabulary.form_tails else 0
    for length in range(longest, 0, -1):
        if text[-length:] in vocabulary.forms:
            found = (vocabulary.forms[text[-length:]], *_trade(text[:-length], vocabulary))
            first = found if first is None or found[1] else first
            if found[1]:
                break
    form, trade, trade_name = first or (_NO_FORM, *_trade(text, vocabulary))
    if mark and (marked := vocabulary.forms.get(mark)) is not None and form.kind in ("", "partnership", marked.kind):
        form = Form(form.word + mark, marked.kind, marked.same, marked.general)
    return form, trade, trade_name


def _trade(text: str, vocabulary: Vocabulary) -> tuple[str, str]:
    """(trade, what precedes it); as many words as fit, while two characters are left for the trade name."""
    trades, tails = vocabulary.trades, vocabulary.trade_tails
    end = len(text)
    while True:
        if text[max(end - 2, 0) : end] not in tails:
            return text[end:], text[:end]
        room = min(_LONGEST_TRADE, end - _FEWEST)
        length = next((n for n in range(room, 1, -1) if text[end - n : end] in trades), 0)
        if not length:
            return text[end:], text[:end]
        end -= length


@lru_cache(maxsize=65_536)
def _codes(regions: tuple[str, ...], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Codes of the smallest region named, of those of its name the ones that lie in a larger region named with it."""
    named = [vocabulary.regions[each] for each in regions if each in vocabulary.regions]
    if not named:
        return ()
    deepest = max(named, key=lambda codes: min(vocabulary.divisions.by_code[code].level for code in codes))
    larger = tuple({_prefix(code) for codes in named if codes is not deepest for code in codes})
    inside = tuple(code for code in deepest if code.startswith(larger))
    return inside or deepest
