"""When a failed call is made again (ERROR-RETRY-1). Pure: the waiting is done by the two clients."""

from __future__ import annotations

import random
from dataclasses import dataclass

from crex.client._errors import LASTING
from crex.errors import RemoteError


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often, and after how long, a call that found no server is made again.

    Every mutation carries a request id, so repeating it has the effect of making it once. Only UNAVAILABLE is
    repeated, and not where TLS fails for a reason that stays, as a certificate under other roots: after
    DEADLINE_EXCEEDED and ABORTED the caller decides.

    Attributes:
        attempts: Most calls in all, at least 1.
        first_delay_s: Longest pause before the second call, in seconds; doubles with each further call.
        max_delay_s: Longest pause, in seconds.
    """

    attempts: int = 5
    first_delay_s: float = 0.1
    max_delay_s: float = 5.0

    def delay_s(self, error: RemoteError, attempt: int) -> float | None:
        """Gives the pause before the next call, or nothing where there is to be none.

        Args:
            error: Why the call failed.
            attempt: How many calls were made, from 1.

        Returns:
            Seconds: what the server asks for, at most `max_delay_s`; else a random share of the doubled
            pause, so that many clients do not come back together.
        """
        if error.code != "UNAVAILABLE" or attempt >= self.attempts or LASTING in error.details:
            return None
        if error.retry_after_ms is not None:
            return min(error.retry_after_ms / 1000, self.max_delay_s)
        longest = min(self.first_delay_s * 2 ** (attempt - 1), self.max_delay_s)
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, guards nothing
