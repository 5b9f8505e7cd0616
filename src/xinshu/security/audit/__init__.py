"""Audit 审计: who did or was refused what, when and why; one writer, sealed in blocks (docs/audit.md).

It records what other packages tell it and judges nothing. Checking a sealed record is `xinshu.security.auditcheck`, which
shares no code with this package.
"""
