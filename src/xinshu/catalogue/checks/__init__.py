"""Columnar checks compiled from a catalogue item: every finding of every row of file scope.

One function, `inspection.inspect`, says what is wrong with one value. The engine asks it only for the distinct values of a
column with few of them, and otherwise only for the values a vectorised filter could not clear; so the
rules exist once and the speed comes from not looking. Follows docs/checks.md.
"""

from xinshu.catalogue.checks.context import CheckContext
from xinshu.catalogue.checks.engine import ChunkResult, ItemChecker, Looked

__all__ = ["CheckContext", "ChunkResult", "ItemChecker", "Looked"]
