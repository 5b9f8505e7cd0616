"""Security 安全: identity, organisations and roles, what a route demands, masking, sealing.

It decides who somebody is and what a role may do; it does not know items, subjects or records, and judges no business
case. An installation has no usable account until somebody makes one. It follows docs/architecture.md and
docs/decisions/0001-set-role-on-one-login.md.
"""
