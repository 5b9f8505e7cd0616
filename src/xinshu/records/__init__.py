"""Records 信息: the store of facts, their revisions and provenance, and what the rules say about showing them.

Nothing is overwritten: a change keeps the former content as a revision, so what was known at any moment can be asked.
The room does not read files (collection does) and does not decide who may see a record (publication, disclosure).
Follows docs/decisions/0002-record-storage.md and docs/rules.md section 4.
"""
