"""How the second opinion refuses."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - says what happened to the input; no error of the program
    """The input is refused.

    Attributes:
        reason: An ErrorReason without its prefix.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
