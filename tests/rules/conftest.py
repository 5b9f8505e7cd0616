"""The base profile's rules, loaded once, and a way to write a small profile that extends it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from xinshu.kernel.profiles import Profile, open_profile
from xinshu.rules.domain import Rules
from xinshu.rules.loading import load_rules

PROFILES = Path(__file__).parents[2] / "profiles"


@pytest.fixture(scope="session")
def rules() -> Rules:
    return load_rules(open_profile("base", PROFILES))


@pytest.fixture
def make_profile(tmp_path: Path) -> Callable[..., Profile]:
    """A profile `region` over a copy of base, with the files given: {relative path: content}."""

    def make(files: dict[str, str]) -> Profile:
        base, region = tmp_path / "base", tmp_path / "region"
        (base / "rules").mkdir(parents=True)
        for name in (
            "region.yaml",
            "calendar.yaml",
            *(f"rules/{path.name}" for path in (PROFILES / "base/rules").iterdir()),
        ):
            shutil.copy(PROFILES / "base" / name, base / name)
        for name, content in {"region.yaml": "extends: base\n", **files}.items():
            (region / name).parent.mkdir(parents=True, exist_ok=True)
            (region / name).write_text(content, encoding="utf-8")
        return open_profile("region", tmp_path)

    return make
