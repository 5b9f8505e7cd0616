"""How alike two names are, part by part, and why. A judgement for people: a likeness never makes a link.

The weights are ours [proposed], set by the measured recall of `bench/names.py`: the trade name decides, since one
character's difference there is usually another company; region, trade and form support or contradict it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from xinshu.subjects.parts import NameParts
from xinshu.subjects.readings import syllables
from xinshu.subjects.vocabulary import Form, Vocabulary

WORTH_SHOWING = 0.62
_WEIGHTS = {"region": 0.16, "trade_name": 0.46, "trade": 0.22, "form": 0.16}
_HOMOPHONE = 0.25  # cost of a character read alike
_OTHER_BRANCH = 0.55  # an organisation and its branch are two subjects, however alike the names
_ELSEWHERE = 0.9  # both name a region, and not the same


@dataclass(frozen=True, slots=True)
class Feature:
    """One part compared. `score` 0 to 1; `words` says it to a person."""

    part: str
    score: float
    words: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """The whole judgement. `score` 0 to 1, 1 only for names that mean the same in every part."""

    score: float
    features: tuple[Feature, ...]

    @property
    def words(self) -> str:
        """All features in one line."""
        return "；".join(each.words for each in self.features)


def compare(ours: NameParts, theirs: NameParts, vocabulary: Vocabulary, *, near: float | None = None) -> Likeness:
    """Judge a name that somebody wrote (`ours`) against a registered one. `near`: how near the whole names are, where
    they have been aligned already."""
    body = _body(ours, theirs, near)
    features = [_region(ours, theirs, vocabulary), *body, _form(ours.form, theirs.form)]
    score = sum(_WEIGHTS[each.part] * each.score for each in features)
    if features[0].score == 0:
        score *= _ELSEWHERE
    if ours.branch != theirs.branch:
        feature = _branch(ours, theirs)
        features.append(feature)
        score *= _OTHER_BRANCH + (1 - _OTHER_BRANCH) * feature.score
    return Likeness(round(score, 4), tuple(features))


def _region(ours: NameParts, theirs: NameParts, vocabulary: Vocabulary) -> Feature:
    one, other = "".join(ours.regions), "".join(theirs.regions)
    if one == other:
        return Feature("region", 1.0, f"行政区划同为“{one}”" if one else "均未写行政区划")
    if not one or not other:
        return Feature("region", 0.6, f"一方未写行政区划（“{one or other}”）")
    score, words = _regions_alike(ours.codes, theirs.codes, vocabulary)
    return Feature("region", score, words.format(one=one, other=other))


@lru_cache(maxsize=65_536)
def _regions_alike(ours: tuple[str, ...], theirs: tuple[str, ...], vocabulary: Vocabulary) -> tuple[float, str]:
    """(score, words with {one} and {other}) by what the codes stand for today."""
    ours_today, theirs_today = vocabulary.today(ours), vocabulary.today(theirs)
    if set(ours) & set(theirs) or ours_today & theirs_today:
        if ours and theirs and vocabulary.retired(ours) != vocabulary.retired(theirs):
            return 0.95, "行政区划“{one}”与“{other}”前后沿革相承"
        return 1.0, "行政区划相同（“{one}”“{other}”）"
    above_ours = {code for each in ours_today for code in vocabulary.above(each)}
    above_theirs = {code for each in theirs_today for code in vocabulary.above(each)}
    if above_ours & theirs_today or above_theirs & ours_today:
        return 0.8, "行政区划“{one}”与“{other}”为上下级"
    return 0.0, "行政区划不同（“{one}”“{other}”）"


def _body(ours: NameParts, theirs: NameParts, near: float | None) -> list[Feature]:
    """Trade name and trade. Where a slip of the pen kept the trade or the form from being recognised, they are judged as
    one text."""
    name, trade = _trade_name(ours.trade_name, theirs.trade_name), _trade(ours.trade, theirs.trade)
    formless = bool(ours.form.word) != bool(theirs.form.word)
    if name.score == 1.0 or (ours.trade == theirs.trade and not formless):
        return [name, trade]
    one, other = (each.body + (each.form.word if formless else "") for each in (ours, theirs))
    whole = closeness(one, other) ** 1.5 if near is None else near
    if whole * (_WEIGHTS["trade_name"] + _WEIGHTS["trade"]) <= (
        _WEIGHTS["trade_name"] * name.score + _WEIGHTS["trade"] * trade.score
    ):
        return [name, trade]
    words = f"字号和行业“{one}”与“{other}”相近，请核对是否笔误"
    return [Feature("trade_name", whole, words), Feature("trade", whole, "行业与字号合并比较")]


def _trade_name(one: str, other: str) -> Feature:
    if one == other:
        return Feature("trade_name", 1.0, f"字号同为“{one}”")
    score = closeness(one, other)
    if len(one) == len(other) and read_alike(one, other):
        return Feature("trade_name", score, f"字号“{one}”与“{other}”同音不同字")
    if score >= 0.4 and abs(len(one) - len(other)) <= 1:
        return Feature("trade_name", score**1.5, f"字号“{one}”与“{other}”有一字之差，通常是另一主体")
    return Feature("trade_name", score**2, f"字号不同（“{one}”“{other}”）")


def _trade(one: str, other: str) -> Feature:
    if one == other:
        return Feature("trade", 1.0, f"行业同为“{one}”" if one else "均未写行业")
    if not one or not other:
        return Feature("trade", 0.55, f"一方未写行业（“{one or other}”）")
    if one.startswith(other) or other.startswith(one) or one.endswith(other) or other.endswith(one):
        return Feature("trade", 0.7, f"行业相近（“{one}”“{other}”）")
    return Feature("trade", 0.5 * closeness(one, other), f"行业不同（“{one}”“{other}”）")


def _form(one: Form, other: Form) -> Feature:
    if one.word == other.word:
        return Feature("form", 1.0, f"组织形式同为“{one.word}”" if one.word else "均未写组织形式")
    if one.kind and one.kind == other.kind and one.same and other.same:
        return Feature("form", 0.97, f"组织形式相同（“{one.word}”即“{other.word}”）")
    if not one.word or not other.word:
        return Feature("form", 0.65, f"一方未写组织形式（“{one.word or other.word}”）")
    if other.kind in one.general or one.kind in other.general:
        return Feature("form", 0.7, f"“{one.word}”可为“{other.word}”的简写")
    if one.kind == other.kind:
        return Feature("form", 0.4, f"组织形式相近（“{one.word}”“{other.word}”）")
    return Feature("form", 0.2 * closeness(one.word, other.word), f"组织形式不同（“{one.word}”“{other.word}”）")


def _branch(ours: NameParts, theirs: NameParts) -> Feature:
    if ours.branch and theirs.branch:
        score = closeness(ours.branch, theirs.branch)
        return Feature("branch", score, f"分支机构“{ours.branch}”与“{theirs.branch}”不同")
    return Feature("branch", 0.0, f"一方是分支机构（“{ours.branch or theirs.branch}”），与其总机构是两个主体")


def read_alike(one: str, other: str) -> bool:
    """Whether two texts of one length are read the same, syllable by syllable."""
    table = syllables()
    return all(a == b or table.get(ord(a), a) == table.get(ord(b), b) for a, b in zip(one, other, strict=True))


@lru_cache(maxsize=262_144)
def closeness(one: str, other: str) -> float:
    """1 less the edits between two texts per character of the longer; a homophone is a quarter of an edit, two
    characters in the wrong order are one."""
    if one == other:
        return 1.0
    longest = max(len(one), len(other))
    if not one or not other:
        return 0.0
    table = syllables()
    start = _common(one, other)
    one, other = one[start:], other[start:]
    end = _common(one[::-1], other[::-1])
    one, other = one[: len(one) - end], other[: len(other) - end]
    before: list[float] = []
    row = [float(n) for n in range(len(other) + 1)]
    for i, a in enumerate(one):
        last, row = row, [i + 1.0]
        for j, b in enumerate(other):
            if a == b:
                cost = last[j]
            else:
                alike = table.get(ord(a), a) == table.get(ord(b), b)
                cost = min(last[j] + (_HOMOPHONE if alike else 1.0), last[j + 1] + 1.0, row[j] + 1.0)
                if i and j and a == other[j - 1] and one[i - 1] == b:
                    cost = min(cost, before[j - 1] + 1.0)
            row.append(cost)
        before = last
    return max(0.0, 1 - row[-1] / longest)


def _common(one: str, other: str) -> int:
    """Characters two texts begin with alike: they take no edit."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
