"""Tables of the room: every version of an item ever loaded, as it was declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models


class Item(models.Model):
    """An item's small number, under which records are stored."""

    personal_data: ClassVar[Mapping[str, str]] = {"id": "none", "item": "none", "title": "none"}

    id = models.SmallAutoField(primary_key=True)
    item = models.CharField("事项代码", max_length=80, unique=True)
    title = models.CharField("事项名称", max_length=200)

    class Meta:
        verbose_name = "目录事项"

    def __str__(self) -> str:
        return self.item


class ItemVersion(models.Model):
    """One immutable version: `source` is the declaration, byte for byte as `export` writes it."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "item": "none",
        "version": "none",
        "effective_from": "none",
        "digest": "none",
        "source": "none",
        "loaded_at": "none",
    }

    id = models.AutoField(primary_key=True)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="versions")
    version = models.CharField("版本", max_length=40)
    effective_from = models.DateField("生效日期")
    digest = models.CharField("SHA-256", max_length=64)
    source = models.TextField("声明")
    loaded_at = models.DateTimeField("载入时间")

    class Meta:
        verbose_name = "目录版本"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["item", "version"], name="catalogue_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.version}"
