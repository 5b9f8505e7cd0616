"""Collection 归集: sources, batches, safe reading, row checks, doubtful rows, loading of the accepted rows.

A file comes in, good rows become records, bad rows come back with reasons, none vanishes. It does not judge what may
be public (rules, publication) and does not compute rates (quality reads the tallies kept here).
Follows docs/checks.md, docs/architecture.md (the main path) and the domain rules section 2.
"""
