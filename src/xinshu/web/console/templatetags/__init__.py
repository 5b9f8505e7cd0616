"""Filters of the console's templates; docs/pages.md."""
