"""Gateway: the interface for programs, under `/api/v1/`, in a process of its own.

Handing in files and asking what became of them, query of a subject under a registered purpose, embedded cards, the
OpenAPI document. It holds no rules; other identities than the pages (API keys), no sessions, no cookies. Follows
docs/channels.md and docs/disclosure.md.
"""
