"""Safe reading of what departments send: text tables, workbooks, JSON. Runs inside the bounded reading process.

Everything ends in the same shape: chunks of text columns named by column code, with the row numbers the sender sees.
Nothing is judged here but the form of the file.
"""

from xinshu.collection.reading.formats import open_file
from xinshu.collection.reading.shape import RawChunk, ReadLimits, ReadPlan

__all__ = ["RawChunk", "ReadLimits", "ReadPlan", "open_file"]
