"""Project: the one place that reads the environment and touches Django's settings; URLconf, WSGI and ASGI entry.

It holds no business. `environment` reads the environment once for everybody, `settings` turns the result into Django's
settings, `urls` gathers the routes of the entry points. It follows docs/settings.md.
"""
