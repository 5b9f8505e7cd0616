"""Demo 演示: a fictional province as departments would send it: source files, some wrong on purpose, and the answer key.

`generate` writes registrations and records of all other items in the formats met in practice, a manifest in the order of
ingest, and `key.csv`: every finding the planted errors lead to, in the words of docs/checks.md. The key is computed
from what was planted, never by running the checks, so that the two can be held against each other.
It does NOT judge cells (catalogue), read files (collection) or store anything. It follows docs/demo.md.
"""

from xinshu.demo.benchmark import penalty_file
from xinshu.demo.domain import GenerationSummary
from xinshu.demo.errors import DemoTooSmall, WordsInvalid
from xinshu.demo.generation import generate

__all__ = ["DemoTooSmall", "GenerationSummary", "WordsInvalid", "generate", "penalty_file"]
