"""Finding the files of a profile (a region as data): `profiles/<name>/`, which `extends:` another one.

Files of a later profile override those of an earlier one by item and key; this module only finds them.
Source: architecture.md section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from xinshu.kernel.errors import ProfileInvalid


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile and what it extends. `chain` runs from the most general folder (base) to the profile's own."""

    name: str
    chain: tuple[Path, ...]

    def find(self, relative: str) -> Path | None:
        """The most specific file of that name, or None."""
        for folder in reversed(self.chain):
            if (path := folder / relative).is_file():
                return path
        return None

    def every(self, pattern: str) -> list[Path]:
        """All files matching the glob, base first, each folder sorted by name."""
        return [path for folder in self.chain for path in sorted(folder.glob(pattern))]


def open_profile(name: str, root: Path) -> Profile:
    """Follow `extends:` in each `region.yaml` from the named profile down to one that extends nothing.

    Raises:
        ProfileInvalid: no such folder, no readable region.yaml, or a circle.
    """
    chain: list[Path] = []
    current: str | None = name
    while current is not None:
        folder = root / current
        if folder in chain:
            raise ProfileInvalid(f"区域配置 {name} 的 extends 形成循环：{current}", fix="检查各 region.yaml 的 extends")
        declaration = folder / "region.yaml"
        if not declaration.is_file():
            raise ProfileInvalid(
                f"找不到区域配置 {current}（{declaration}）", fix="用 XINSHU_PROFILE 指定 profiles/ 下的文件夹名"
            )
        chain.append(folder)
        content = yaml.safe_load(declaration.read_text(encoding="utf-8")) or {}
        current = content.get("extends")
    return Profile(name, tuple(reversed(chain)))
