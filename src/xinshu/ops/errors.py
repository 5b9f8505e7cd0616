"""What can go wrong with the evidence of an audit."""

from xinshu.kernel.errors import XinshuError


class EvidenceExists(XinshuError):
    """The folder holds something already: evidence is never written over."""

    code = "evidence.exists"


class PeriodInvalid(XinshuError):
    """A period that is neither a quarter (2026-Q4) nor a year (2026)."""

    code = "evidence.period_invalid"
