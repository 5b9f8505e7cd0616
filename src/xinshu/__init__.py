"""Xinshu 信枢: open-source software for a region's public credit information.

The rooms and their order stand in docs/architecture.md; import-linter holds them to it.
"""

__version__ = "0.1.0"
