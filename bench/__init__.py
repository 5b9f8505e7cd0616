"""`make bench`: speed as ratios against a raw limit measured in the same run. See docs/scale.md."""
