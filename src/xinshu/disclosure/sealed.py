"""What disclosure keeps sealed, for the rotation of keys (security.rotation)."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from xinshu.disclosure.consents import consent_place
from xinshu.disclosure.paper_consents import paper_place
from xinshu.disclosure.paper_scans import scan_place, scans_folder
from xinshu.disclosure.results import result_place
from xinshu.disclosure.tickets import subject_place
from xinshu.security.rotation.stores import SealedColumn, SealedFolder, Store


def stores(home: Path) -> list[Store]:
    """Subjects of queries and consents, numbers and scans of papers, first answers, and results of batches."""
    return [
        SealedColumn("disclosure_ticketsubject", "sealed", ("ticket_id", "position"), subject_place),
        SealedColumn("disclosure_consent", "sealed", ("id",), consent_place),
        SealedColumn("disclosure_paperconsent", "sealed", ("consent_id",), paper_place),
        SealedColumn("disclosure_answer", "sealed", ("client", "key"), answer_place),
        SealedFolder("disclosed", home / "disclosed", "*.sealed", lambda path: result_place(UUID(path.stem))),
        SealedFolder("papers", scans_folder(home), "*.sealed", lambda path: scan_place(UUID(path.stem))),
    ]


def answer_place(client: str, key: str) -> bytes:
    """What the sealed body of a first answer is bound to."""
    return f"disclosure_answer\0sealed\0{client}\0{key}".encode()
