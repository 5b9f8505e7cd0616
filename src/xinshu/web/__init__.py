"""Web 网站: the pages people read in a browser; `portal` is the public website.

An entry point: it asks the rooms and shows what they answer, and holds no rule of its own. It follows
docs/architecture.md (entry points) and works without any script in the browser.
"""
