"""What stands for a natural person: a keyed reference of the kind and number of his identity paper, the same for all his
accounts, whether the province's sign-in or a system administrator told the number (docs/decisions/0016-enterprise-identity.md)."""

from __future__ import annotations

from uuid import UUID

from xinshu.security.sealing import Vault

ID_CARD = "身份证"


def person_reference(vault: Vault, kind: str, number: str) -> UUID:
    """For `User.person`; the number in its normal form."""
    return vault.reference("person", f"{kind}:{number}")
