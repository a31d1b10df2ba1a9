"""The declaration of a vendor: where it is, how long we wait, how often we try, when we leave it alone."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Repeat(enum.Enum):
    """What a second call of the same kind would do; every outside call declares it.

    PURE: it may be repeated; each answered repeat may be paid. QUERYABLE: our request id goes along, and an
    unknown outcome is asked for by that id, never sent again under a new one. BURNS: it uses up a code that
    works once.
    """

    PURE = "pure"
    QUERYABLE = "queryable"
    BURNS = "burns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often one call is tried before the caller is told.

    What certainly was not processed is tried `attempts` times in all, whatever the call declares. An unknown
    outcome is tried again only for a pure call of a vendor that says `unknown_of_pure` (an answer costs
    nothing there).
    """

    attempts: int = 2
    pause_seconds: float = 0.05
    unknown_of_pure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """After `failures` in a row the vendor is left alone for `open_seconds`; then one probe decides."""

    failures: int = 5
    open_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A vendor as one tenant reaches it.

    `scope` is whose way to it this is: the breaker is per (name, scope), so one tenant's broken line closes
    nobody else's. Timeouts always hold: `connect_seconds` to a connection, `read_seconds` between two pieces
    of an answer, `total_seconds` for the whole of it. `trusts_503`: the vendor's contract says that a 503
    means that nothing was processed. `proxy` and `ca_file` are explicit; the environment is not consulted.
    """

    name: str
    base_url: str
    scope: str = ""
    connect_seconds: float = 2.0
    read_seconds: float = 5.0
    total_seconds: float = 15.0
    max_answer_bytes: int = 16 * 1024 * 1024
    retry: Retry = field(default_factory=Retry)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    trusts_503: bool = False
    proxy: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        """Refuse a vendor without a time limit or with an address that is not HTTP.

        Raises:
            ValueError: see above.
        """
        if min(self.connect_seconds, self.read_seconds, self.total_seconds) <= 0:
            msg = f"vendor {self.name}: every timeout must be positive"
            raise ValueError(msg)
        if not self.base_url.startswith(("http://", "https://")):
            msg = f"vendor {self.name}: base_url must start with http:// or https://"
            raise ValueError(msg)
        if self.retry.attempts < 1:
            msg = f"vendor {self.name}: at least one attempt"
            raise ValueError(msg)
