"""Publication 公示: what the public may see of a subject on a day, in words and in the order of the catalogue.

It only reads, judges nothing and never opens sealed values; who may see more than the public is `disclosure`'s matter.
It follows docs/architecture.md (section "Rooms"), docs/catalogue.md (access classes) and docs/rules.md (publicity).
"""
