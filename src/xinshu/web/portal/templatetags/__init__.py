"""Filters of the portal's templates; docs/quality.md has the form of rates."""
