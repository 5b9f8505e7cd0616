"""Every room says what it is for, keeps its tables to itself, and has its place among the layers."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

_TABLES = "src/xinshu/**/models.py"


def _rooms(root: Path) -> list[Path]:
    return sorted(path.parent for path in (root / "src" / "xinshu").glob("*/__init__.py"))


def test_every_folder_with_code_is_a_room_that_says_what_it_is_for(root):
    folders = {path.parent for path in (root / "src" / "xinshu").rglob("*.py")}
    assert [str(each) for each in sorted(folders) if not (each / "__init__.py").is_file()] == []
    for room in _rooms(root):
        says = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
        assert len(says.split()) >= 12, room.name
        assert "docs/" in says, f"{room.name} does not name the document it follows"


def test_the_layers_hold(root):
    """lint-imports, as in `make lint`; its exhaustive contract also fails for a room without a place."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _layers(root: Path) -> list[str]:
    """The rooms from the ground up, as the layer contract has them."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    return [name.strip(" ()") for layer in reversed(layers) for name in layer.split("|")]


def test_the_architecture_page_lists_every_room_in_the_order_of_the_layers(root):
    page = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.split("## Rooms", 1)[1].split("\n## ", 1)[0]
    listed = re.findall(r"^\| `(\w+)`[^|]*\|", table, re.MULTILINE)
    assert listed == _layers(root)
    assert sorted(listed) == sorted(room.name for room in _rooms(root))


def test_every_room_with_tables_is_protected_and_installed(root):
    contracts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    protected = {
        (module, importer)
        for each in contracts
        if each["type"] == "protected" and each["name"].startswith("Tables")
        for module in each["protected_modules"]
        for importer in each["allowed_importers"]
    }
    layers = next(each for each in contracts if each["type"] == "layers")
    assert layers["exhaustive"] is True
    with_tables = {f"xinshu.{room.name}" for room in _rooms(root) if (room / "models.py").is_file()}
    modules = {path: ".".join(path.relative_to(root / "src").with_suffix("").parts) for path in root.glob(_TABLES)}
    assert {(name, ".".join(name.split(".")[:2])) for name in modules.values()} == protected
    assert with_tables <= set(settings.INSTALLED_APPS)


def test_the_migrations_say_what_the_models_say(database):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
