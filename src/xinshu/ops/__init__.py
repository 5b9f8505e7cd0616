"""Ops 运维: is the process alive, can it work.

So far `/healthz` and `/readyz`; it does not measure business (that is `quality`) and changes nothing.
It follows docs/architecture.md.
"""
