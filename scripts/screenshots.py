"""Screenshots of the public pages, at the width of a desk and of a phone, by the Chromium of the machine.

    .venv/bin/python scripts/screenshots.py http://127.0.0.1:8000 --out var/shots     every page, to look at
    .venv/bin/python scripts/screenshots.py http://127.0.0.1:8000 --readme            the pictures of the README

The website must be running on the demo province (`make demo`). Needs chromium and fonts-noto-cjk.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"desk": (1366, 900), "phone": (390, 844)}
IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
LONGEST_README_SHOT = 1500


@dataclass(frozen=True, slots=True)
class Shot:
    """A page to take: the name of its file, its address."""

    name: str
    address: str


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def a_subject(page: Page, root: str) -> str:
    """The address of a subject with a penalty, found as a reader would: by the feed."""
    page.goto(f"{root}/sgs?item=administrative-penalty")
    address = page.locator(".sgs__list a").first.get_attribute("href") or ""
    return address.partition("#")[0]


def shots(page: Page, root: str) -> list[Shot]:
    """Every kind of page, with its empty and its failing form."""
    subject = a_subject(page, root)
    page.goto(f"{root}{subject}")
    name = page.locator("h1").inner_text().split()[0]
    code = page.locator("#code").inner_text()
    wrong = code[:17] + ("A" if code[17] != "A" else "B")
    city = re.sub(r"市.*", "市", name)
    return [
        Shot("home", "/"),
        Shot("home-penalties", "/?item=administrative-penalty"),
        Shot("search", "/search"),
        Shot("hits", f"/search?q={city}"),
        Shot("hits-none", "/search?q=没有这个名称"),
        Shot("hits-wrong-code", f"/search?q={wrong}"),
        Shot("subject", subject),
        Shot("subject-table", f"{subject}?view=table"),
        Shot("dual-publicity", "/sgs"),
        Shot("collection", "/collection"),
        Shot("service", "/services/repair"),
        Shot("services", "/services"),
        Shot("notice", "/news/catalogue-2026"),
        Shot("sitemap", "/sitemap"),
        Shot("not-found", "/no/such-page"),
        Shot("unknown-subject", f"/s/{wrong}"),
    ]


def take_all(root: str, out: Path) -> None:
    """Every page at every width, whole."""
    out.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for width_name, (width, height) in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            for shot in shots(page, root):
                page.goto(root + shot.address)
                wide = page.evaluate("document.documentElement.scrollWidth")
                path = out / f"{shot.name}-{width_name}.png"
                page.screenshot(path=path, full_page=True)
                print(path, f"too wide: {wide} > {width}" if wide > width else "")
            page.close()


def take_readme(root: str) -> None:
    """The pictures of the README: home and a subject at a desk, the subject on a phone."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name, width_name in (("home", "desk"), ("subject", "desk"), ("subject", "phone")):
            width, _ = WIDTHS[width_name]
            page = browser.new_page(viewport={"width": width, "height": 900})
            address = "/" if name == "home" else a_subject(page, root)
            page.goto(root + address)
            height = min(page.evaluate("document.documentElement.scrollHeight"), LONGEST_README_SHOT)
            path = IMAGES / f"{name}-{width}.png"
            page.screenshot(path=path, clip={"x": 0, "y": 0, "width": width, "height": height}, full_page=True)
            print(path, f"{path.stat().st_size // 1024} KiB")
            page.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", help="address of the running website")
    parser.add_argument("--out", type=Path, default=Path("var/shots"))
    parser.add_argument("--readme", action="store_true")
    given = parser.parse_args()
    root = given.root.rstrip("/")
    if given.readme:
        take_readme(root)
    else:
        take_all(root, given.out)


if __name__ == "__main__":
    main()
