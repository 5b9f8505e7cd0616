"""`xinshu catalogue`: look at the items of the profile, judge item files, compare versions, write them out."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from xinshu.catalogue.diff import diff
from xinshu.catalogue.document import item_page
from xinshu.catalogue.domain import CatalogueItem, CodeList
from xinshu.catalogue.export import export_code_lists, export_item
from xinshu.catalogue.jsonschema import row_schema
from xinshu.catalogue.loading import (
    CODE_LISTS_FILE,
    find_item,
    load_catalogue,
    load_code_lists,
    load_item_file,
    validate_dir,
)
from xinshu.catalogue.validation import ProfileReport, validate_profile
from xinshu.cli.screen import screen
from xinshu.kernel.profiles import Profile, open_profile
from xinshu.project.environment import read_settings

_Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
_CHANGES = {"added": "增加", "removed": "取消", "changed": "改变"}


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="目录：查看、校验、比较、导出事项", no_args_is_help=True)
    group.command("list", help="列出区域配置中的事项")(_list)
    group.command("show", help="查看一个事项的数据项和规则")(_show)
    group.command("validate", help="校验一个文件夹中的事项文件，或用 --profile 校验整个区域配置，列出全部问题")(
        _validate
    )
    group.command("diff", help="比较事项的两个版本（事项文件，或事项代码）")(_diff)
    group.command("export", help="导出全部事项、代码表和 JSON Schema")(_export)
    app.add_typer(group, name="catalogue")


def _profile() -> Profile:
    settings = read_settings()
    return open_profile(settings.profile, settings.profiles_dir)


def _print(answer: object) -> None:
    typer.echo(json.dumps(answer, ensure_ascii=False, default=str))


def _list(as_json: _Json = False) -> None:
    items = load_catalogue(_profile()).values()
    if as_json:
        _print({"items": [_summary(each) for each in items]})
        return
    table = Table(Column("事项代码", no_wrap=True), "名称", "版本", "类别", "数据项", "更新周期")
    for each in items:
        table.add_row(each.item, each.title, each.version, each.category, str(len(each.fields)), each.update_cycle)
    screen().print(table)


def _summary(item: CatalogueItem) -> dict[str, object]:
    return {
        "item": item.item,
        "title": item.title,
        "version": item.version,
        "effective_from": item.effective_from,
        "category": item.category,
        "access": item.access,
        "fields": len(item.fields),
    }


def _show(
    item: Annotated[str, typer.Argument(help="事项代码", show_default=False)],
    as_json: _Json = False,
) -> None:
    chosen = find_item(load_catalogue(_profile()), item)
    if as_json:
        _print(asdict(chosen))
    else:
        typer.echo(item_page(chosen), nl=False)


def _validate(
    directory: Annotated[Path | None, typer.Argument(help="放有事项文件的文件夹", show_default=False)] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="profiles/ 下的区域配置，如 jiangsu")] = None,
    as_json: _Json = False,
) -> int:
    if (directory is None) == (profile is None):
        raise typer.BadParameter("给出一个文件夹，或者用 --profile 指定区域配置")
    if directory is not None:
        faults = validate_dir(directory, load_code_lists(_profile()))
        answer: dict[str, object] = {"directory": str(directory)}
    else:
        report = validate_profile(open_profile(str(profile), read_settings().profiles_dir))
        faults, answer = list(report.faults), {"profile": profile, **_counts(report)}
    if as_json:
        _print({**answer, "valid": not faults, "faults": [asdict(each) for each in faults]})
        return 1 if faults else 0
    for each in faults:
        typer.echo(f"{each}{f'。处理：{each.fix}' if each.fix else ''}")
    if profile is not None:
        typer.echo(_counts_words(report))
    typer.echo(f"共 {len(faults)} 处问题" if faults else "没有问题")
    return 1 if faults else 0


def _counts(report: ProfileReport) -> dict[str, object]:
    return {name: value for name, value in asdict(report).items() if name != "faults"}


def _counts_words(report: ProfileReport) -> str:
    waiting = f"，另有 {report.awaiting_code} 个待补统一社会信用代码" if report.awaiting_code else ""
    return (
        f"事项 {report.items} 个；区划代码在用 {report.divisions} 个、停用 {report.retired_divisions} 个；"
        f"单位 {report.organisations} 个{waiting}"
    )


def _diff(
    before: Annotated[str, typer.Argument(metavar="A", help="旧版本：事项文件或事项代码", show_default=False)],
    after: Annotated[str, typer.Argument(metavar="B", help="新版本：事项文件或事项代码", show_default=False)],
    as_json: _Json = False,
) -> None:
    old, new = _version(before), _version(after)
    changes = diff(old, new)
    if as_json:
        versions = {"from": _summary(old), "to": _summary(new)}
        _print(
            {**versions, "breaking": any(each.breaking for each in changes), "changes": [asdict(c) for c in changes]}
        )
        return
    typer.echo(f"{old.title} {old.version} → {new.title} {new.version}")
    for each in changes:
        typer.echo(f"{_CHANGES[each.kind]}　{each.text}{'（旧文件可能不再合格）' if each.breaking else ''}")
    if not changes:
        typer.echo("内容相同")


def _version(given: str) -> CatalogueItem:
    """An item by the path of its file, else by its name in the profile."""
    path = Path(given)
    if path.suffix not in {".yaml", ".yml"}:
        return find_item(load_catalogue(_profile()), given)
    if not path.is_file():
        raise typer.BadParameter(f"找不到文件 {given}")
    return load_item_file(path, _lists_for(path))


def _lists_for(path: Path) -> dict[str, CodeList]:
    """The code lists of the profile, and those that stand beside the file."""
    lists = load_code_lists(_profile())
    folder = path.absolute().parent
    if folder.name == "catalogue" and (folder / CODE_LISTS_FILE).is_file():
        lists |= load_code_lists(Profile(folder.parent.name, (folder.parent,)))
    return lists


def _export(
    out: Annotated[Path | None, typer.Option("--out", help="写入的文件夹；不给出时把事项打印为 YAML")] = None,
    as_json: _Json = False,
) -> None:
    profile = _profile()
    items, lists = load_catalogue(profile), load_code_lists(profile)
    used = {each.code_list for item in items.values() for each in item.fields}
    files = {f"{name}.yaml": export_item(item) for name, item in items.items()}
    files[CODE_LISTS_FILE] = export_code_lists(each for name, each in lists.items() if name in used)
    if out is None:
        if as_json:
            _print({"files": files})
        else:
            typer.echo("---\n".join(files.values()), nl=False)
        return
    files |= {f"{name}.schema.json": _pretty(row_schema(item)) for name, item in items.items()}
    _write(out, files)
    if as_json:
        _print({"out": str(out), "files": sorted(files)})
    else:
        typer.echo(f"已导出 {len(items)} 个事项到 {out}")


def _pretty(schema: object) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _write(out: Path, files: dict[str, str]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as problem:
        raise typer.BadParameter(f"无法写入 {out}：{problem.strerror}", param_hint="--out") from problem
