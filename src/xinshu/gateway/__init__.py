"""Gateway: the interface for programs, under `/api/v1/`, in a process of its own.

So far handing in files and asking what became of them. It holds no rules; other identities than the pages (API keys),
no sessions, no cookies. Follows docs/channels.md.
"""
