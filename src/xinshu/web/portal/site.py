"""What the pages print of the region's platform: `site.yaml` of the profile."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Self

import yaml

from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile, open_profile
from xinshu.kernel.settings import Settings
from xinshu.publication.queries import PublicReference
from xinshu.web.portal.content import Content


@dataclass(frozen=True, slots=True)
class Site:
    """Title, who runs it and the numbers of the footer; an empty value is not shown."""

    title: str = "公共信用信息平台"
    host: str = ""
    operator: str = ""
    phone: str = ""
    hours: str = ""
    site_code: str = ""
    icp: str = ""
    police: str = ""
    report_phone: str = ""  # whom to call about paid "repair"
    ipv6: str = ""  # words of the mark, e.g. 本站支持IPv6访问

    @classmethod
    def load(cls, profile: Profile) -> Self:
        """Read `site.yaml`; a profile without one gets the general title and an empty footer.

        Raises:
            ProfileInvalid: not a mapping of known keys to texts; names the key.
        """
        path = profile.find("site.yaml")
        if path is None:
            return cls()
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ProfileInvalid(f"site.yaml 无法读取：{error}", fix="存为 UTF-8 编码的 YAML") from error
        known = {each.name for each in fields(cls)}
        if not isinstance(content, dict):
            raise ProfileInvalid("site.yaml：应为键和文字", fix=f"可用的键：{'、'.join(sorted(known))}")
        for key, value in content.items():
            if key not in known or not isinstance(value, str):
                raise ProfileInvalid(
                    f"site.yaml：{key} 不是可用的键，或其值不是文字",
                    fix=f"数字请加引号；可用的键：{'、'.join(sorted(known))}",
                )
        return cls(**content)


class Portal:
    """What the views need of the installation, read from the profile when first asked for, or by `read`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def read(self) -> None:
        """Read everything now: a fault of the profile shows at the start, and no reader waits for it.

        Raises:
            ProfileInvalid, CatalogueInvalid, ReferenceInvalid: name the file and the place in it.
        """
        _ = self.site, self.content, self.permits

    @property
    def home(self) -> Path:
        """The state folder."""
        return self._settings.home

    @cached_property
    def _profile(self) -> Profile:
        return open_profile(self._settings.profile, self._settings.profiles_dir)

    @cached_property
    def site(self) -> Site:
        """Title and footer."""
        return Site.load(self._profile)

    @cached_property
    def content(self) -> Content:
        """Services, notices, topics and the pages of the foot."""
        return Content.load(self._profile)

    @cached_property
    def permits(self) -> frozenset[str]:
        """Names of the items whose records are permits with a last day."""
        return frozenset(name for name, item in self.reference.catalogue.items() if item.publicity.by == "permit")

    @cached_property
    def reference(self) -> PublicReference:
        """Catalogue, divisions and rule sets."""
        return PublicReference.load(self._profile)
