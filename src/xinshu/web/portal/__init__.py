"""The public website: what the platform holds, search, and a subject's public facts; see docs/architecture.md."""
