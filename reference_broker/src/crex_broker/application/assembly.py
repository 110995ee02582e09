"""A broker of its parts: every use case, the agents' streams, the timers."""

from __future__ import annotations

from crex_broker.application.agent_streams import AgentStreams
from crex_broker.application.broker import Broker
from crex_broker.application.context import Context
from crex_broker.application.delivery import billing_cases, lease_cases
from crex_broker.application.market import admin_cases, discovery_cases, market_cases
from crex_broker.application.timers import Timers
from crex_broker.application.transparency import transparency_cases


def broker_of(context: Context) -> Broker:
    """Puts a broker together over one context; `start` makes it live."""
    families = (market_cases, discovery_cases, admin_cases, lease_cases, billing_cases, transparency_cases)
    return Broker(context, families, AgentStreams(context), Timers(context))
