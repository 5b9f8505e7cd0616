"""Identity 身份: posts, sign-in with a second factor, sessions, changes of roles by two persons, mandates of handlers.

It tells who somebody is and which posts he holds; what a post may do is `xinshu.security.policy` (docs/identity.md).
"""
