"""Quality 质量: the month's counters and rates of what was reported, by supplier, item or region.

It sums the tallies each batch keeps of itself; it judges no row, changes nothing and sends nothing to anybody.
It follows docs/quality.md.
"""
