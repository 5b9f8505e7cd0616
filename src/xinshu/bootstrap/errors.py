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


class DemoProviderRefused(XinshuError):
    """The demonstration's identity provider, which asks for no password, beside other host names or a real provider."""

    code = "installation.demo_provider_refused"

    def __init__(self) -> None:
        super().__init__(
            "演示用统一身份认证不验证口令，只能在本机演示",
            fix="去掉 --demo-idp；或不设 XINSHU_OIDC_URL，且 XINSHU_ALLOWED_HOSTS 只含 127.0.0.1、localhost",
        )
