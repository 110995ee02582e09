"""The use cases of MarketService, DiscoveryService and AdminService by path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crex_broker.application.cancel_order import CancelOrder
from crex_broker.application.change_offer import PauseOffer, ResumeOffer, WithdrawOffer
from crex_broker.application.commit_order import CommitOrder
from crex_broker.application.context import Context
from crex_broker.application.create_hold import CreateHold
from crex_broker.application.enrol import Enrol
from crex_broker.application.get_document import GetDocument
from crex_broker.application.get_order import GetOrder
from crex_broker.application.grant_allotment import GrantAllotment
from crex_broker.application.issue_token import IssueToken
from crex_broker.application.list_attestations import ListAttestations
from crex_broker.application.list_offers import ListOffers
from crex_broker.application.list_orders import ListOrders
from crex_broker.application.publish_document import PublishDocument
from crex_broker.application.release_hold import ReleaseHold
from crex_broker.application.search_offers import SearchOffers
from crex_broker.application.use_case import UnaryUseCase

_MARKET: Final = "/crex.v1.MarketService"
_DISCOVERY: Final = "/crex.v1.DiscoveryService"


def market_cases(context: Context) -> Mapping[str, UnaryUseCase]:
    """Gives the use cases of MarketService."""
    return {
        f"{_MARKET}/PublishDocument": PublishDocument(context),
        f"{_MARKET}/PauseOffer": PauseOffer(context),
        f"{_MARKET}/ResumeOffer": ResumeOffer(context),
        f"{_MARKET}/WithdrawOffer": WithdrawOffer(context),
        f"{_MARKET}/GrantAllotment": GrantAllotment(context),
        f"{_MARKET}/CreateHold": CreateHold(context),
        f"{_MARKET}/ReleaseHold": ReleaseHold(context),
        f"{_MARKET}/CommitOrder": CommitOrder(context),
        f"{_MARKET}/CancelOrder": CancelOrder(context),
        f"{_MARKET}/GetOrder": GetOrder(context),
        f"{_MARKET}/ListOrders": ListOrders(context),
    }


def discovery_cases(context: Context) -> Mapping[str, UnaryUseCase]:
    """Gives the use cases of DiscoveryService but GetServerInfo, which tells of all the others."""
    return {
        f"{_DISCOVERY}/GetDocument": GetDocument(context),
        f"{_DISCOVERY}/ListAttestations": ListAttestations(context),
        f"{_DISCOVERY}/ListOffers": ListOffers(context),
        f"{_DISCOVERY}/SearchOffers": SearchOffers(context),
    }


def admin_cases(context: Context) -> Mapping[str, UnaryUseCase]:
    """Gives the use cases of AdminService and ChannelService: who is let in, and by what."""
    return {
        "/crex.v1.AdminService/Enrol": Enrol(context),
        "/crex.v1.ChannelService/IssueToken": IssueToken(context.tokens),
    }
