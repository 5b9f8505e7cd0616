"""Names as people write them: typos, short forms, brackets, former names; and strangers. Whose name it was is known.

The shares are ours [proposed], after what lists from departments look like: most lines are right but for width, spaces
and brackets, some lack a part, some have a slip of the input method (a homophone), few are misread or mistyped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random

from xinshu.demo.registry import Registry
from xinshu.subjects.readings import syllables

SHARES: dict[str, float] = {
    "width": 0.30,
    "brackets": 0.10,
    "region": 0.08,
    "no_region": 0.05,
    "form": 0.09,
    "no_form": 0.08,
    "short": 0.03,
    "homophone": 0.11,
    "look_alike": 0.03,
    "missing": 0.04,
    "doubled": 0.02,
    "swapped": 0.02,
    "former": 0.03,
    "remark": 0.02,
}
"""Share of each manner among the sloppy names."""

_LOOK_ALIKES = (
    "恒桓 瑞端 盛晟 达迖 华毕 泰秦 兴与 隆降 宏宠 远运 嘉喜 禾木 程呈 博搏 雅稚 德得 润闰 福幅 安按 通诵 海诲 诚城 和知 顺须"
    " 汇江 吉古 祥详 佳住 美羊 创枪 君群 康唐 宁宇 立位 信倍 龙尤 茂戊 铭洺 扬杨 展屐 启后 航肮 前剪 庆厌 余佘 仁仨 荣宋 光先"
    " 友反 尚向 品晶 元无 思恩 齐斋 云去 天夫 益盖 同向 济挤 万方 里黑 旺汪 威咸 新薪 欣欧 森淼 未末 己已 土士 日曰 人入 大太"
    " 力刀 干千 田由 石右 科料 技枝 贸贺 纺访 织识 建健 装袋 材村 机杌 械诫 设没 备各"
)
_REMARKS = ("（个体工商户）", "（本部）", "(已更名)", "等", "公司")
_FORMS = (
    ("有限责任公司", "有限公司"),
    ("有限公司", "有限责任公司"),
    ("农民专业合作社", "专业合作社"),
    ("股份有限公司", "股份公司"),
)
_ENDING = re.compile(
    r"((?:集团|股份|控股)*有限(?:责任)?公司|合伙企业（有限合伙）|事务所（普通合伙）|农民专业合作社|厂)$"
)


@dataclass(frozen=True, slots=True)
class Sloppy:
    """A name as written, the subject meant (-1 for a stranger) and how it was made sloppy."""

    text: str
    subject: int
    manner: str


def sloppy_names(registry: Registry, count: int, *, strangers: float, seed: int) -> Iterator[Sloppy]:
    """`count` names, of which that share belongs to nobody in the registry. The same arguments give the same names."""
    dice = Random(f"{seed}/sloppy")  # noqa: S311 - demonstration data
    pen = Pen(registry, dice)
    for _ in range(count):
        stranger = dice.random() < strangers
        if stranger:
            county = dice.randrange(len(registry.counties))
            shop = dice.random() < 0.35
            name, former, subject = (registry.new_shop if shop else registry.new_company)(dice, county)[0], "", -1
        else:
            subject = dice.randrange(len(registry))
            name, former = registry.names[subject], registry.former[subject]
        text, manner = pen.spoil(name, former)
        yield Sloppy(text, subject, manner)


class Pen:
    """Writes names sloppily. A manner that does not fit a name (no brackets to change) gives way to another."""

    def __init__(self, registry: Registry, dice: Random) -> None:
        self._dice = dice
        self._registry = registry
        places = {text for _, city, county in registry.counties for text in (city, city + county, county)} | {"示例省"}
        ordered = "|".join(sorted(map(re.escape, places), key=len, reverse=True))
        self._region = re.compile(f"^({ordered})")
        self._bracketed = re.compile(f"^(.+?)（({ordered})）(.+)$")
        self._alike = {pair[0]: pair[1] for pair in _LOOK_ALIKES.split()}
        self._manners: dict[str, Callable[[str], str]] = {
            "width": self._width,
            "brackets": self._brackets,
            "region": self._other_region,
            "no_region": lambda name: self._bracketed.sub(r"\1\3", self._region.sub("", name)),
            "form": self._other_form,
            "no_form": lambda name: _ENDING.sub("", name),
            "short": lambda name: _ENDING.sub("", self._region.sub("", name)),
            "homophone": self._homophone,
            "look_alike": lambda name: self._replace(name, lambda char: self._alike.get(char, "")),
            "missing": lambda name: self._replace(name, lambda _char: None),
            "doubled": lambda name: self._replace(name, lambda char: char * 2),
            "swapped": self._swapped,
            "remark": lambda name: name + dice.choice(_REMARKS),
        }

    def spoil(self, name: str, former: str) -> tuple[str, str]:
        """(text, manner); the text differs from the name."""
        while True:
            manner = self._dice.choices(list(SHARES), list(SHARES.values()))[0]
            if manner == "former":
                if former:
                    return former, manner
                continue
            text = self._manners[manner](name)
            if text != name and len(text) > 3:
                return text, manner

    @cached_property
    def _homophones(self) -> dict[str, list[str]]:
        """{syllable: characters people write}; from the words of the demo."""
        words, sounds = self._registry.words, syllables()
        written = words.trade_characters + words.given + words.surnames
        written += "".join("".join(texts) for texts in words.lists.values())
        written += "".join(text for each in words.templates.values() for one in each for text in one.texts.values())
        found: dict[str, list[str]] = {}
        for char in dict.fromkeys(written):
            if "\u4e00" <= char <= "\u9fff":
                found.setdefault(sounds.get(ord(char), ""), []).append(char)
        return found

    def _homophone(self, name: str) -> str:
        def other(char: str) -> str:
            alike = [each for each in self._homophones.get(syllables().get(ord(char), ""), []) if each != char]
            return self._dice.choice(alike) if alike else ""

        return self._replace(name, other)

    def _replace(self, name: str, change: Callable[[str], str | None]) -> str:
        """Change one Chinese character; "" for one that has no other, None leaves it out."""
        places = [place for place, char in enumerate(name) if "\u4e00" <= char <= "\u9fff"]
        for place in self._dice.sample(places, len(places)):
            put = change(name[place])
            if put != "":
                return name[:place] + (put or "") + name[place + 1 :]
        return name

    def _swapped(self, name: str) -> str:
        place = self._dice.randrange(len(name) - 1)
        return name[:place] + name[place + 1] + name[place] + name[place + 2 :]

    def _width(self, name: str) -> str:
        dice = self._dice
        kind = dice.randrange(4)
        if kind == 0:
            return f" {name}　" if dice.random() < 0.5 else f"{name}\u200b "
        if kind == 1:
            place = dice.randrange(1, len(name))
            return f"{name[:place]} {name[place:]}"
        if kind == 2:
            return "".join(chr(ord(char) + 0xFEE0) if "A" <= char <= "Z" else char for char in name)
        return name.replace("（", "(").replace("）", ")")

    def _brackets(self, name: str) -> str:
        """The region moved into brackets or out of them, or the brackets left out."""
        found = self._bracketed.match(name)
        if found:
            kind = self._dice.randrange(3)
            if kind == 0:
                return f"{found[2]}{found[1]}{found[3]}"
            return f"{found[1]}{found[2]}{found[3]}" if kind == 1 else f"{found[1]}[{found[2]}]{found[3]}"
        city = self._region.match(name)
        rest = name[city.end() :] if city else ""
        if city and len(rest) > 6 and city[1].endswith("市"):
            return f"{rest[:2]}（{city[1]}）{rest[2:]}"
        return name.replace("（", "").replace("）", "")

    def _other_region(self, name: str) -> str:
        """The province put in front, or a part of a region of two levels left out."""
        found = self._region.match(name)
        if found is None or found[1] == "示例省":
            return name
        shorter = self._region.sub("", found[1][:2]) == "" and self._region.match(found[1][:2])
        if len(found[1]) > 2 and shorter and self._dice.random() < 0.5:
            return name[2:] if self._dice.random() < 0.5 else found[1][:2] + name[found.end() :]
        return "示例省" + name

    def _other_form(self, name: str) -> str:
        for written, other in _FORMS:
            if name.endswith(written):
                return name.removesuffix(written) + other
        return name
