"""Loading the catalogue of a profile from its files, and judging a folder of such files.

Files: `catalogue/**/<item>.yaml` and `catalogue/_code_lists.yaml` of every folder of the profile, base first; an item
or a code list of a later folder replaces the one of the same name. Form: docs/catalogue.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from xinshu.catalogue.consistency import check_item
from xinshu.catalogue.domain import CatalogueItem, CodeList
from xinshu.catalogue.errors import CatalogueInvalid, Fault, UnknownItem
from xinshu.catalogue.located import Faults, open_file
from xinshu.catalogue.reading import read_code_lists, read_item
from xinshu.kernel.profiles import Profile

CODE_LISTS_FILE = "_code_lists.yaml"


def load_catalogue(profile: Profile) -> dict[str, CatalogueItem]:
    """{item name: item} of the profile, sorted by name.

    Raises:
        CatalogueInvalid: any file has a fault; `faults` has all of them.
    """
    code_lists = load_code_lists(profile)
    items: dict[str, CatalogueItem] = {}
    found: list[Fault] = []
    for folder in profile.chain:
        for path in _item_files(folder / "catalogue"):
            item, faults = _read(path, code_lists, _name(path, folder.parent))
            found += faults
            if item is not None:
                items[item.item] = item
    if found:
        raise CatalogueInvalid(tuple(found))
    return dict(sorted(items.items()))


def load_code_lists(profile: Profile) -> dict[str, CodeList]:
    """{name: code list} of the profile, in file order.

    Raises:
        CatalogueInvalid: a `_code_lists.yaml` has a fault.
    """
    lists: dict[str, CodeList] = {}
    found: list[Fault] = []
    for folder in profile.chain:
        path = folder / "catalogue" / CODE_LISTS_FILE
        if path.is_file():
            own, faults = _read_lists(path, _name(path, folder.parent))
            lists |= own
            found += faults
    if found:
        raise CatalogueInvalid(tuple(found))
    return lists


def load_item_file(path: Path, code_lists: Mapping[str, CodeList]) -> CatalogueItem:
    """The item of one file; fields with `list:` take their values from `code_lists`.

    Raises:
        CatalogueInvalid: the file has a fault; `faults` has all of them.
    """
    item, faults = _read(path, code_lists, path.name)
    if item is None:
        raise CatalogueInvalid(tuple(faults))
    return item


def find_item(catalogue: Mapping[str, CatalogueItem], name: str) -> CatalogueItem:
    """The item of that name.

    Raises:
        UnknownItem: there is none; the error lists those there are.
    """
    if name not in catalogue:
        raise UnknownItem(name, tuple(catalogue))
    return catalogue[name]


def validate_dir(directory: Path, code_lists: Mapping[str, CodeList] | None = None) -> list[Fault]:
    """Every fault of the item files in a folder, by file and line; empty when all are right.

    Args:
        directory: a folder of `<item>.yaml`, sub-folders included, with or without a `_code_lists.yaml`.
        code_lists: lists the folder may use beside its own (those of the profile it extends).
    """
    if not directory.is_dir():
        return [Fault(str(directory), 0, "", "不是文件夹", "指定放有事项文件的文件夹")]
    lists = dict(code_lists or {})
    found: list[Fault] = []
    if (path := directory / CODE_LISTS_FILE).is_file():
        own, faults = _read_lists(path, CODE_LISTS_FILE)
        lists |= own
        found += faults
    files = _item_files(directory)
    if not files:
        found.append(Fault(str(directory), 0, "", "没有事项文件", "事项文件以 .yaml 结尾"))
    stems: dict[str, str] = {}
    for path in files:
        name = _name(path, directory)
        found += _read(path, lists, name)[1]
        if path.stem in stems:
            found.append(Fault(name, 0, "", f"与 {stems[path.stem]} 是同一事项", "同一文件夹中每个事项一个文件"))
        stems.setdefault(path.stem, name)
    return sorted(found)


def _read(path: Path, lists: Mapping[str, CodeList], name: str) -> tuple[CatalogueItem | None, list[Fault]]:
    """(the item, []) or (None, its faults)."""
    faults = Faults(name)
    top = open_file(path, faults)
    if top is None:
        return None, faults.found
    item = read_item(top, lists)
    wrong_lines = {each.line for each in faults.found}
    contradictions = Faults(name)
    check_item(item, replace(top, faults=contradictions), path.stem)
    # A contradiction on a line that could not be read is most often its consequence.
    faults.found += [each for each in contradictions.found if each.line not in wrong_lines]
    return (None if faults.found else item), sorted(faults.found)


def _read_lists(path: Path, name: str) -> tuple[dict[str, CodeList], list[Fault]]:
    faults = Faults(name)
    top = open_file(path, faults)
    return (read_code_lists(top) if top is not None else {}), sorted(faults.found)


def _item_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("**/*.yaml")) if not path.name.startswith("_")]


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
