"""Checking the audit record: needs the public key alone and the format described in docs/audit.md.

It reads an export, or the database, and the anchors; it shares no code with `xinshu.security.audit`, which wrote them (the
contract "The checker of the audit is on its own" in pyproject.toml), and it changes nothing.
"""
