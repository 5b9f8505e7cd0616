"""Filters of the templates; docs/quality.md has the form of rates."""
