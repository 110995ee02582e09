"""What every use case may ask for: the ports and facts of one running broker."""

from __future__ import annotations

from dataclasses import dataclass, field

from crex.documents.times import Clock
from crex_broker.application.bell import Bell
from crex_broker.application.limits import Limits
from crex_broker.application.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The surroundings of the use cases of one broker.

    Attributes:
        authority: The broker's own authority.
        store: The ports.
        clock: Time outside transactions; inside, the store's own time counts.
        limits: Limits and defaults.
        commands: Rings when a provider has a new command.
    """

    authority: str
    store: Store
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    commands: Bell = field(default_factory=Bell)
