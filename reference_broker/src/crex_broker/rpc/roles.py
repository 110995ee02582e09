"""Which roles may call which method: exact match, default deny (CHANNEL-METHOD-1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crex.errors import CrexError
from crex_broker.application.roles import (
    ADMIN,
    ARBITER,
    AUDITOR,
    CONSUMER,
    PROVIDER,
    ROLES,
    WITNESS,
)

_ANYONE = ROLES
_PARTIES = frozenset({PROVIDER, CONSUMER})
_PROVIDERS = frozenset({PROVIDER})
_CONSUMERS = frozenset({CONSUMER})
_ADMINS = frozenset({ADMIN})
# The broker itself, which is its own admin, rules where the parties named nobody else (DISPUTE-ARBITER-1).
_ARBITERS = frozenset({ARBITER, ADMIN})

METHOD_ROLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "/crex.v1.DiscoveryService/GetServerInfo": _ANYONE,
        "/crex.v1.DiscoveryService/GetDocument": _ANYONE,
        "/crex.v1.DiscoveryService/ListAttestations": _ANYONE,
        "/crex.v1.DiscoveryService/ListOffers": _ANYONE,
        "/crex.v1.DiscoveryService/SearchOffers": _ANYONE,
        "/crex.v1.ChannelService/IssueToken": _ANYONE,
        # Documents of trust are everybody's; what else is published, the use case asks the role for.
        "/crex.v1.MarketService/PublishDocument": _ANYONE,
        "/crex.v1.MarketService/PauseOffer": _PROVIDERS,
        "/crex.v1.MarketService/ResumeOffer": _PROVIDERS,
        "/crex.v1.MarketService/WithdrawOffer": _PROVIDERS,
        "/crex.v1.MarketService/GrantAllotment": _PROVIDERS,
        "/crex.v1.MarketService/CreateHold": _CONSUMERS,
        "/crex.v1.MarketService/ReleaseHold": _CONSUMERS,
        "/crex.v1.MarketService/CommitOrder": _CONSUMERS,
        "/crex.v1.MarketService/CancelOrder": _CONSUMERS,
        "/crex.v1.MarketService/GetOrder": _PARTIES,
        "/crex.v1.MarketService/ListOrders": _PARTIES,
        "/crex.v1.LeaseService/GetLease": _PARTIES,
        "/crex.v1.LeaseService/ListLeases": _PARTIES,
        "/crex.v1.LeaseService/TerminateLease": _PARTIES,
        "/crex.v1.LeaseService/GetAccess": _CONSUMERS,
        "/crex.v1.ProviderAgentService/Connect": _PROVIDERS,
        "/crex.v1.BillingService/AppendUsage": _PROVIDERS,
        "/crex.v1.BillingService/SealUsage": _PROVIDERS,
        "/crex.v1.BillingService/AmendUsage": _PROVIDERS,
        "/crex.v1.BillingService/ListUsage": _PARTIES | _ARBITERS,
        "/crex.v1.BillingService/IssueInvoice": _PROVIDERS,
        "/crex.v1.BillingService/GetInvoice": _PARTIES | _ARBITERS,
        "/crex.v1.BillingService/ListInvoices": _PARTIES,
        "/crex.v1.BillingService/AcceptInvoice": _CONSUMERS,
        "/crex.v1.BillingService/RecordPayment": _PROVIDERS,
        "/crex.v1.BillingService/IssueNote": _PROVIDERS,
        "/crex.v1.BillingService/GetNote": _PARTIES | _ARBITERS,
        "/crex.v1.BillingService/ListNotes": _PARTIES | _ARBITERS,
        "/crex.v1.BillingService/OpenDispute": _CONSUMERS,
        "/crex.v1.BillingService/GetDispute": _PARTIES | _ARBITERS,
        "/crex.v1.BillingService/ListDisputes": _PARTIES | _ARBITERS,
        "/crex.v1.BillingService/AnswerDispute": _PROVIDERS,
        "/crex.v1.BillingService/AgreeDispute": _CONSUMERS,
        "/crex.v1.BillingService/EscalateDispute": _CONSUMERS,
        "/crex.v1.BillingService/WithdrawDispute": _CONSUMERS,
        "/crex.v1.BillingService/RuleDispute": _ARBITERS,
        "/crex.v1.BillingService/ClosePeriod": _PROVIDERS,
        "/crex.v1.BillingService/GetStatement": _PARTIES,
        "/crex.v1.TransparencyService/GetCheckpoint": _ANYONE,
        "/crex.v1.TransparencyService/GetReceipt": _ANYONE,
        "/crex.v1.TransparencyService/GetInclusionProof": _ANYONE,
        "/crex.v1.TransparencyService/GetConsistencyProof": _ANYONE,
        "/crex.v1.TransparencyService/ListEntries": _ANYONE,
        "/crex.v1.TransparencyService/AddCosignature": _ADMINS | {WITNESS},
        "/crex.v1.TransparencyService/ListRecords": frozenset({AUDITOR}),
        "/crex.v1.AdminService/Enrol": _ADMINS,
    }
)


def require_role(method: str, authority: str, roles: frozenset[str]) -> None:
    """Refuses a caller none of whose roles may call a method.

    Raises:
        CrexError: ROLE. A method that the table does not have is refused for everyone.
    """
    allowed = METHOD_ROLES.get(method, frozenset())
    if allowed & roles:
        return
    name = method.rsplit("/", 1)[-1]
    wanted = " or ".join(sorted(allowed)) or "no role at all"
    held = ", ".join(sorted(roles)) or "none"
    raise CrexError(
        "ROLE",
        f"{name} may be called as {wanted}; {authority} is enrolled here as {held}. "
        "Ask the broker's operator to enrol the party with that role.",
        details={"method": method},
    )
