"""Kernel: time and working days, identifiers, text normalisation, ids, the error root, settings, logs.

It knows no business: nothing here names a department, an item or a rule of law. It follows GB 32100, GB 11714,
GB 11643 and the registration-number rule for identifiers (docs/rules.md section 1), and imports no other room.
"""
