"""目录: what kinds of information there are, field by field, and everything compiled from that declaration.

Owns items, fields, code lists, versions and their comparison; compiles an item to checks, a template to fill, a JSON
Schema and documentation; holds the reference lists (divisions, industries, organisations) the checks compare with.
Does NOT read suppliers' files (collection), store records (records) or decide on publicity periods (rules).

Follows docs/catalogue.md and docs/checks.md; architecture.md section 5.
"""
