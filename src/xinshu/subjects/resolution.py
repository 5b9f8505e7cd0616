"""Matching a list of organisations: linked, proposed or unknown, each with its reasons.

A line is linked only by a code whose subject bears the name (or where no name is given), or by the exact comparable name
of one living subject, unless the name has no region and somebody bears it with one; anything weaker is a suggestion for a
person. Source: docs/rules.md section 1.6 [proposed].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Literal, NamedTuple

from xinshu.kernel.identifiers import OrgCode, Uscc
from xinshu.kernel.memory import set_aside
from xinshu.kernel.text import normalise_cell, normalise_name, upper_ascii
from xinshu.subjects.likeness import WORTH_SHOWING, compare
from xinshu.subjects.matching import NameIndex
from xinshu.subjects.parts import NameParts, split_name

Decision = Literal["linked", "suggested", "none"]
_MOST = 3  # suggestions of a line
_BLOCK = 2_000
_WORTH_FORKING = 5  # blocks
_EXACT = "名称与唯一存续主体完全一致"
_BARE = "另有字号、行业、组织形式相同而冠有行政区划的主体"
_JUDGED = 3  # candidates told apart
_BEHIND = 0.12  # nearness behind the nearest
_BY_PARTS = 0.8  # of the score; the rest is how near the whole names are
_FARTHEST = 0.45
_CERTAIN = 0.99  # what is only similar never counts as the same
_WEAK = {"closed": 0.98, "former": 0.97, "twins": 0.99}  # exact, and yet no link


class Asked(NamedTuple):
    """One line of a list: a name as written, and a credit or organisation code where there is one."""

    name: str
    code: str = ""


class Candidate(NamedTuple):
    """A subject a line may be about. `name` is the name that matched; `words` explains each feature.

    A tuple, as thousands of them go from process to process.
    """

    uscc: str
    name: str
    status: str
    score: float
    words: str


class Answer(NamedTuple):
    """What a line came to: one candidate when linked, one to three when suggested, none when nothing is near."""

    decision: Decision
    candidates: tuple[Candidate, ...]
    words: str

    @property
    def best(self) -> Candidate | None:
        """The first candidate."""
        return self.candidates[0] if self.candidates else None


def resolve_list(lines: Sequence[Asked], index: NameIndex, *, processes: int = 1) -> Iterator[Answer]:
    """The answer to each line, in order. Reads no database: `index` holds the registry.

    Args:
        processes: a long list is shared among so many forked processes; only for a program without threads.
    """
    blocks = [lines[start : start + _BLOCK] for start in range(0, len(lines), _BLOCK)]
    if processes < 2 or len(blocks) < _WORTH_FORKING:
        for block in blocks:
            yield from _answers(block, index)
        return
    with set_aside(), get_context("fork").Pool(processes, _inherit, (index,)) as pool:
        for answers in pool.imap(_in_child, blocks):
            yield from answers


_inherited: list[NameIndex] = []  # in a child: the index, which came with the fork


def _inherit(index: NameIndex) -> None:
    _inherited[:] = [index]


def _in_child(block: Sequence[Asked]) -> list[Answer]:
    return _answers(block, _inherited[0])


def _answers(block: Sequence[Asked], index: NameIndex) -> list[Answer]:
    return list(_judge(_look_up(block, index), index))


@dataclass(frozen=True, slots=True)
class _LookedUp:
    """A block of lines: their comparable names, what is certain of them, and what is near those of which nothing is."""

    names: list[str]
    answers: list[Answer | str]
    near: dict[int, list[tuple[float, int]]]


def _look_up(block: Sequence[Asked], index: NameIndex) -> _LookedUp:
    names = [normalise_name(normalise_cell(line.name)) for line in block]
    answers = [_certain(line, name, index) for line, name in zip(block, names, strict=True)]
    wanted = [
        place
        for place, answer in enumerate(answers)
        if not isinstance(answer, Answer) or (answer.words == _EXACT and _bare(names[place], index))
    ]
    near = index.candidates([names[place] for place in wanted])
    return _LookedUp(names, answers, dict(zip(wanted, near, strict=True)))


def _bare(name: str, index: NameIndex) -> bool:
    return not split_name(name, index.vocabulary).regions


def _judge(found: _LookedUp, index: NameIndex) -> Iterator[Answer]:
    for place, (name, answer) in enumerate(zip(found.names, found.answers, strict=True)):
        if not isinstance(answer, Answer):
            yield _doubting(_nearest(name, found.near[place], index), answer)
        elif place in found.near:
            yield _without_namesakes(name, answer, found.near[place], index)
        else:
            yield answer


def _without_namesakes(name: str, linked: Answer, near: Sequence[tuple[float, int]], index: NameIndex) -> Answer:
    """A name without region may be one that somebody else bears in full with the region left out: then it is no link."""
    ours = split_name(name, index.vocabulary)
    twins = [index.rows[place] for how, place in near if how >= _FARTHEST and _namesake(ours, index.parts(place))]
    found = {row.uscc: row for row in twins if row.current}
    if not found:
        return linked
    others = tuple(Candidate(row.uscc, row.name, row.status, _WEAK["closed"], _BARE) for row in found.values())
    return Answer("suggested", (linked.candidates[0], *others)[:_MOST], f"{_EXACT}，但{_BARE}")


def _namesake(ours: NameParts, theirs: NameParts) -> bool:
    """Whether two names differ in nothing but the region, which ours has not."""
    one, other = ours.form, theirs.form
    same_form = one.word == other.word or (one.kind == other.kind and one.same and other.same)
    return bool(theirs.regions) and ours.body == theirs.body and ours.branch == theirs.branch and same_form


def _certain(line: Asked, name: str, index: NameIndex) -> Answer | str:
    """By code, else by exact name; where only likeness is left, what is wrong with the code, "" when none was given."""
    code = upper_ascii(normalise_cell(line.code)).replace("-", "")
    reason = ""
    if code:
        known = _by_code(code, name, index)
        if isinstance(known, Answer):
            return known
        reason = known
    if len(name) < 2:
        return Answer("none", (), reason or "名称为空或只有一个字")
    exact = index.by_name.get(name)
    return reason if exact is None else _doubting(_exact(exact, index), reason)


def _doubting(found: Answer, reason: Answer | str | None) -> Answer:
    """With a code that leads nowhere a name alone makes no link."""
    if not isinstance(reason, str) or not reason:
        return found
    return Answer("suggested" if found.candidates else "none", found.candidates, f"{reason}；按名称：{found.words}")


def _exact(places: Sequence[int], index: NameIndex) -> Answer:
    """Of subjects that bear or bore exactly this name."""
    rows = [index.rows[place] for place in places]
    live = [row for row in rows if row.current and not row.closed]
    if len(live) == 1:
        row = live[0]
        return Answer("linked", (Candidate(row.uscc, row.name, row.status, 1.0, _EXACT),), _EXACT)
    if live:
        found = tuple(
            Candidate(row.uscc, row.name, row.status, _WEAK["twins"], "名称一致，但同名主体不止一个") for row in live
        )
        return Answer("suggested", found[:_MOST], f"有 {len(live)} 个同名的存续主体，须凭代码区分")
    kinds = [(row, "former" if not row.current else "closed") for row in rows]
    kinds.sort(key=lambda each: -_WEAK[each[1]])
    words_of = {"former": "与曾用名完全一致", "closed": "名称一致，主体已注销或吊销"}
    found = tuple(Candidate(row.uscc, row.name, row.status, _WEAK[kind], words_of[kind]) for row, kind in kinds)
    return Answer("suggested", found[:_MOST], found[0].words)


def _by_code(code: str, name: str, index: NameIndex) -> Answer | str:
    """By code, where the name does not contradict it; words for a code that leads to nobody or to several."""
    if not (Uscc.is_valid(code) or OrgCode.is_valid(code)):
        return f"代码“{code}”有误（长度、字符或校验位不符）"
    places = index.by_code.get(code, [])
    owners = {index.rows[place].uscc for place in places}
    if len(owners) != 1:
        return f"代码“{code}”对应不止一个主体" if owners else f"主体库中没有代码“{code}”"
    present = next((place for place in places if index.rows[place].current), places[0])
    known = index.rows[present]
    if not name or any(index.rows[place].name_norm == name for place in places):
        words = "代码一致，名称为其现名或曾用名" if name else "代码一致"
        return Answer("linked", (Candidate(known.uscc, known.name, known.status, 1.0, words),), words)
    likeness = compare(split_name(name, index.vocabulary), index.parts(present), index.vocabulary)
    words = f"代码对应“{known.name}”，与所写名称不符：{likeness.words}"
    return Answer("suggested", (Candidate(known.uscc, known.name, known.status, likeness.score, words),), words)


def _nearest(name: str, near: Sequence[tuple[float, int]], index: NameIndex) -> Answer:
    """The nearest names worth showing, one line for each subject, judged part by part."""
    found: dict[str, Candidate] = {}
    parts: NameParts | None = None
    for how, place in near:
        if how < max(_FARTHEST, near[0][0] - _BEHIND) or len(found) == _JUDGED:
            break
        row = index.rows[place]
        if row.uscc in found:
            continue
        parts = parts or split_name(name, index.vocabulary)
        likeness = compare(parts, index.parts(place), index.vocabulary, near=how)
        words = likeness.words if row.current else f"曾用名“{row.name}”相近：{likeness.words}"
        if max(how, likeness.score) >= WORTH_SHOWING:
            score = min(_CERTAIN, _BY_PARTS * max(likeness.score, how - _BEHIND) + (1 - _BY_PARTS) * how)
            found[row.uscc] = Candidate(row.uscc, row.name, row.status, round(score, 4), words)
    best = tuple(sorted(found.values(), key=lambda each: -each.score))[:_MOST]
    if not best:
        return Answer("none", (), "主体库中没有足够相近的名称")
    return Answer("suggested", best, best[0].words)
