"""Rotation of data keys: new things at once on the new key, old ones sealed anew in the background, then the old key is
destroyed (docs/crypto.md). It knows no tables: the rooms declare what they keep sealed, `bootstrap` puts the declarations together.
"""
