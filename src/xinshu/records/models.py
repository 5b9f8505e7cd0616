"""Tables of the room, made by SQL in the migrations (partitions, binary loading); these classes only describe them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models

_CONTENT: Mapping[str, str] = {
    "counterpart": "pseudonymous",
    "id": "none",
    "content_hash": "pseudonymous",
    "batch_id": "none",
    "row_no": "none",
    "supplier": "none",
    "authority": "none",
    "region": "none",
    "event_date": "none",
    "ends_on": "none",
    "received_at": "none",
    "rule_set": "none",
    "severity": "none",
    "public_from": "none",
    "repair_from": "none",
    "public_until": "none",
    "marks": "none",
    "payload": "none",  # personal values stand masked in it
    "sealed": "sealed",
}


class Record(models.Model):
    """The present content of one fact."""

    personal_data: ClassVar[Mapping[str, str]] = {
        **_CONTENT,
        "item_id": "none",
        "key_hash": "pseudonymous",
        "subject_id": "none",
        "linked_by": "none",
        "linked_at": "none",
        "first_received_at": "none",
        "person_index": "pseudonymous",
        "document": "none",  # of records about organisations alone
    }

    id = models.UUIDField(primary_key=True)
    counterpart = models.UUIDField()
    item_id = models.SmallIntegerField()
    key_hash = models.UUIDField()
    content_hash = models.UUIDField()
    subject_id = models.UUIDField(null=True)
    linked_by = models.SmallIntegerField(null=True)
    linked_at = models.DateTimeField(null=True)
    supplier = models.TextField()
    authority = models.TextField()
    region = models.IntegerField(null=True)
    event_date = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    received_at = models.DateTimeField()
    first_received_at = models.DateTimeField()
    batch_id = models.IntegerField()
    row_no = models.IntegerField()
    rule_set = models.TextField(null=True)
    severity = models.TextField(null=True)
    public_from = models.DateField(null=True)
    repair_from = models.DateField(null=True)
    public_until = models.DateField(null=True)
    marks = models.IntegerField()
    person_index = models.UUIDField(null=True)
    document = models.BigIntegerField(null=True)
    payload = models.TextField()
    sealed = models.BinaryField(null=True)

    class Meta:
        managed = False
        db_table = "records_record"

    def __str__(self) -> str:
        return str(self.id)


class Revision(models.Model):
    """A former content of a record, known from `received_at` until `known_until`."""

    personal_data: ClassVar[Mapping[str, str]] = {**_CONTENT, "known_until": "none"}

    id = models.UUIDField(primary_key=True)  # of the record; the table's key is (counterpart, id, received_at)
    counterpart = models.UUIDField()
    content_hash = models.UUIDField()
    batch_id = models.IntegerField()
    row_no = models.IntegerField()
    supplier = models.TextField()
    authority = models.TextField()
    region = models.IntegerField(null=True)
    event_date = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    received_at = models.DateTimeField()
    known_until = models.DateTimeField()
    rule_set = models.TextField(null=True)
    severity = models.TextField(null=True)
    public_from = models.DateField(null=True)
    repair_from = models.DateField(null=True)
    public_until = models.DateField(null=True)
    marks = models.IntegerField()
    payload = models.TextField()
    sealed = models.BinaryField(null=True)

    class Meta:
        managed = False
        db_table = "records_revision"

    def __str__(self) -> str:
        return str(self.id)
