"""Bootstrap: brings an installation to life for the entry points: database server, Django, tables, child processes.

It wires, it decides nothing of the trade. It follows docs/architecture.md and docs/settings.md.
"""
