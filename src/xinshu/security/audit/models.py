"""Tables of the audit. They are made by SQL and written by the statements in this package; nobody else comes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models


class Entry(models.Model):
    """An act as it was recorded: inserted, never changed. `id` tells the order of arrival, with gaps."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "stored_at": "none",
        "xact": "none",
        "at": "none",
        "actor": "pseudonymous",
        "role": "none",
        "unit": "none",
        "address": "personal",
        "action": "none",
        "object_ref": "pseudonymous",
        "ticket": "none",
        "purpose": "none",
        "outcome": "none",
        "code": "none",
        "before_digest": "sealed",
        "after_digest": "sealed",
        "trace": "none",
        "detail": "none",
    }

    id = models.BigIntegerField(primary_key=True)
    stored_at = models.DateTimeField()
    xact = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.TextField()
    role = models.TextField()
    unit = models.TextField()
    address = models.TextField()
    action = models.TextField()
    object_ref = models.BinaryField()
    ticket = models.TextField()
    purpose = models.TextField()
    outcome = models.TextField()
    code = models.TextField()
    before_digest = models.TextField()
    after_digest = models.TextField()
    trace = models.TextField()
    detail = models.TextField()

    class Meta:
        managed = False
        db_table = "security_audit_entry"

    def __str__(self) -> str:
        return str(self.id)


class Link(models.Model):
    """An entry's place in the chain: `seq` without gaps from 1, given when it is sealed."""

    personal_data: ClassVar[Mapping[str, str]] = {"seq": "none", "entry_id": "none", "block": "none", "chain": "none"}

    seq = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    block = models.BigIntegerField()
    chain = models.BinaryField()

    class Meta:
        managed = False
        db_table = "security_audit_link"

    def __str__(self) -> str:
        return str(self.seq)


class Block(models.Model):
    """A sealed block: its head (canonical JSON) and the signature of the head."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "number": "none",
        "first_seq": "none",
        "last_seq": "none",
        "sealed_at": "none",
        "stored_at": "none",
        "head": "none",
        "signature": "none",
    }

    number = models.BigIntegerField(primary_key=True)
    first_seq = models.BigIntegerField(unique=True)
    last_seq = models.BigIntegerField(unique=True)
    sealed_at = models.DateTimeField()
    stored_at = models.DateTimeField()
    head = models.TextField()
    signature = models.TextField()

    class Meta:
        managed = False
        db_table = "security_audit_block"

    def __str__(self) -> str:
        return str(self.number)


class Stub(models.Model):
    """What a purge left: which blocks lost their rows, signed."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "first_block": "none",
        "last_block": "none",
        "stored_at": "none",
        "statement": "none",
        "signature": "none",
    }

    first_block = models.BigIntegerField(primary_key=True)
    last_block = models.BigIntegerField(unique=True)
    stored_at = models.DateTimeField()
    statement = models.TextField()
    signature = models.TextField()

    class Meta:
        managed = False
        db_table = "security_audit_stub"

    def __str__(self) -> str:
        return f"{self.first_block}-{self.last_block}"


class Watch(models.Model):
    """One row: until when the record counts as anchored, and how far it is sealed and anchored."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "checked_at": "none",
        "fresh_until": "none",
        "anchored_block": "none",
        "settled_xact": "none",
    }

    id = models.SmallIntegerField(primary_key=True)
    checked_at = models.DateTimeField(null=True)
    fresh_until = models.DateTimeField(null=True)
    anchored_block = models.BigIntegerField()
    settled_xact = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "security_audit_watch"

    def __str__(self) -> str:
        return str(self.anchored_block)
