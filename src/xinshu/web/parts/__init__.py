"""The parts every page is made of: its skeleton, style components, icons, and how figures and days are written.

`parts/page.html` is the skeleton; the public website and the console each have a frame over it (docs/pages.md).
"""
