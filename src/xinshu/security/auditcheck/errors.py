"""What keeps a check from being made at all. A record that is not in order is a finding, not an error."""

from __future__ import annotations

from xinshu.kernel.errors import XinshuError


class RecordUnreadable(XinshuError):
    """An export, a proof, an anchor folder or a range cannot be read as such; nothing was checked."""

    code = "audit.unreadable"


class KeysMissing(XinshuError):
    """There is no public key to check the signatures with."""

    code = "audit.keys_missing"


class EvidenceUnreadable(XinshuError):
    """The folder holds no evidence, or not all of it."""

    code = "evidence.unreadable"
