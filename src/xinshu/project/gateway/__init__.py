"""The `gateway` process: Django with another URLconf and only the middleware that machines need."""
