"""`xinshu dump --canonical`: the whole store as sorted JSON lines, to compare two installations."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from xinshu.bootstrap.desk import open_desk
from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.catalogue.queries import item_numbers
from xinshu.collection.canonical import canonical_batches
from xinshu.project.environment import read_settings
from xinshu.records.canonical import canonical_records
from xinshu.subjects.canonical import canonical_subjects


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("dump", help="按规范次序输出全库（不含内部编号和时间），用于比对")(_dump)


def _dump(
    canonical: Annotated[bool, typer.Option("--canonical", help="规范形式（目前唯一的形式）")] = True,
    batches: Annotated[bool, typer.Option("--batches", help="同时输出批次、校验结果和疑问数据")] = False,
) -> None:
    del canonical
    settings = read_settings()
    with open_installation(settings):
        require_migrated()
        vault = open_desk(settings).vault
        names = {number: item for item, number in item_numbers().items()}
        for lines in (
            canonical_subjects(),
            canonical_records(vault, names),
            canonical_batches(vault) if batches else (),
        ):
            for line in lines:
                typer.echo(json.dumps(line, ensure_ascii=False, sort_keys=True))
