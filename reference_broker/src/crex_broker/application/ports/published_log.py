"""The log as the world is shown it: the tree over the entries of the store, and proofs from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crex_broker.application.ports.log import KeptCheckpoint


class PublishedLog(Protocol):
    """The tree of one broker's log. What it was asked for is of the published part only."""

    @property
    def name(self) -> str:
        """Name of the log, the first line of its checkpoints."""
        ...

    @property
    def latest(self) -> KeptCheckpoint:
        """The latest checkpoint that is shown."""
        ...

    async def inclusion(self, index: int, size: int) -> Sequence[bytes]:
        """Gives the hashes that prove the leaf at `index` in the tree of `size` leaves.

        Raises:
            CrexError: NOT_FOUND where the published log has no such leaf or size.
        """
        ...

    async def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """Gives the hashes that prove that the tree of `second` leaves begins with that of `first`.

        Raises:
            CrexError: NOT_FOUND where the published log never had these sizes.
        """
        ...

    async def cosigned(self, size: int) -> KeptCheckpoint:
        """Takes notice of a co-signature that was kept on the checkpoint of a size; gives it as it stands."""
        ...
