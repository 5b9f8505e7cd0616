"""What can be wrong with an installation."""

from xinshu.kernel.errors import XinshuError


class DatabaseUnreachable(XinshuError):
    """The server named by `DATABASE_URL` does not answer or refuses the login."""

    code = "database.unreachable"


class DatabaseTooOld(XinshuError):
    """The server is older than PostgreSQL 15."""

    code = "database.too_old"


class NotInitialised(XinshuError):
    """The tables are missing or of an older version of the program."""

    code = "installation.not_initialised"


class PortTaken(XinshuError):
    """Another program listens on the port already."""

    code = "installation.port_taken"
