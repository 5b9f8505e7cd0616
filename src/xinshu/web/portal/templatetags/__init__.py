"""Blocks of the portal's templates; docs/pages.md."""
