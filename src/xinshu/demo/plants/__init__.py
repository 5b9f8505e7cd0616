"""Planting errors: each planter spoils one row in one way and says what a check must find because of it.

The consequences follow docs/checks.md and are worked out here from the row, independently of the checks.
"""

from xinshu.demo.plants.planting import plant

__all__ = ["plant"]
