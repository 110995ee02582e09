"""`crex hold` and `crex order`: buying."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crex.cli.options import Commands, command, duration, group, moment, positive, request_id, waiting
from crex.cli.policy_commands import add_policy
from crex.cli.result import OK, REFUSED, Result, table
from crex.cli.search_commands import add_properties

if TYPE_CHECKING:
    from crex import v1
    from crex.cli.party import Customer
    from crex.trust.verified import Verified

_SETTLED: Final = ("confirmed", "rejected", "cancelled", "fulfilled", "expired", "released", "abandoned")


def add(commands: Commands) -> None:
    """Adds the commands."""
    hold = command(commands, "hold", _hold, "hold units of an offer for a short time")
    hold.add_argument("offer", metavar="OFFER", help="name of the offer")
    hold.add_argument("--sha256", metavar="HEX", help="digest of the offer as it was seen (as it is)")
    hold.add_argument("--count", type=positive, default=1, help="units (1)")
    hold.add_argument(
        "--for", dest="length", type=duration, required=True, metavar="TIME", help="such as 24h"
    )
    hold.add_argument("--from", dest="start", type=moment, metavar="TIME", help="from then on (now)")
    hold.add_argument("--ttl", type=duration, metavar="TIME", help="how long to hold")
    add_properties(hold)
    add_policy(hold)
    hold.add_argument(
        "--check", action="store_true", help="judge the offer by the policy with your own trust before"
    )
    request_id(hold)

    orders = group(commands, "order", "orders: commit a hold, follow it, cancel it")
    commit = command(orders, "commit", _commit, "sign the order that a hold is for, and commit it")
    commit.add_argument("order", metavar="ORDER", help="name of the order, as `crex hold` gave it")
    commit.add_argument("--spend-limit", metavar="AMOUNT", help="the most that it may cost, such as '10 USD'")
    commit.add_argument("--interface", help="how it is to be used, one of the offer's (its first)")
    commit.add_argument("--account", help="your own account for it")
    waiting(commit, "the provider has answered")
    show = command(orders, "show", _show, "show an order")
    show.add_argument("order", metavar="ORDER")
    command(orders, "list", _list, "list your orders, newest first")
    for name, run, about in (
        ("release", _release, "give a hold back"),
        ("cancel", _cancel, "cancel a confirmed order by its terms"),
    ):
        end = command(orders, name, run, about)
        end.add_argument("order", metavar="ORDER")
        request_id(end)


def _hold(options: argparse.Namespace) -> Result:
    from google.protobuf.duration_pb2 import Duration

    from crex import v1
    from crex.cli.party import new_request_id, now, open_customer, repeat_with
    from crex.cli.purchase import find_offer, open_hold
    from crex.documents.convert import to_json, to_timestamp
    from crex.documents.times import format_time

    policy = _policy(options)
    customer = open_customer(options)
    offer = find_offer(customer, options.offer, options.sha256)
    if options.check and policy is not None:
        _judge(customer, offer, policy)
    start = options.start or now()
    repeat_with(options, f"--from {format_time(start)}")
    request = v1.CreateHoldRequest(
        request_id=new_request_id(options),
        items=[v1.HoldRequestItem(offer_id=offer.id, offer_sha256=offer.digest, quantity=options.count)],
        interval=v1.Interval(start=to_timestamp(start), end=to_timestamp(start + options.length)),
        properties=options.properties,
        policy=policy,
    )
    if options.ttl is not None:
        ttl = Duration()
        ttl.FromTimedelta(options.ttl)
        request.ttl.CopyFrom(ttl)
    response = customer.client.create_hold(request)
    hold = open_hold(customer, response.hold_receipt)
    message = hold.message
    lines = [
        f"Held {options.count} of {offer.id} until {message.expire_time.ToJsonString()}.",
        f"  order  {message.order}",
        *(f"  lease  {item.lease}" for item in message.items),
        f"Next: `crex order commit {message.order} --wait`",
    ]
    return Result(to_json(response), "\n".join(lines))


def _policy(options: argparse.Namespace) -> v1.TrustPolicy | None:
    """Reads the policy of a hold.

    Raises:
        CrexError: SCHEMA where it could never be met, or where --check has none.
    """
    from crex.cli.policy_evidence import read_policy
    from crex.errors import CrexError

    if options.policy is not None:
        return read_policy(options.policy)
    if options.check:
        raise CrexError("SCHEMA", "--check judges by a policy. Name it with --policy FILE.")
    return None


def _judge(customer: Customer, offer: Verified[v1.Offer], policy: v1.TrustPolicy) -> None:
    """Judges an offer by one's own trust, before anything is asked of the broker.

    Raises:
        TrustError: POLICY or QUORUM.
    """
    from crex.cli.party import now
    from crex.cli.policy_evidence import judge_at_broker

    verdict = judge_at_broker(customer, offer, policy, now()).verdict
    if not verdict.holds:
        raise verdict.refusal(f"The offer {offer.id}, judged by your own trust,")


def _commit(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import new_request_id, open_customer
    from crex.cli.purchase import find_offer, open_hold, order_document

    customer = open_customer(options)
    spend_limit = _money(options.spend_limit)
    envelope = customer.client.get_order(v1.GetOrderRequest(order=options.order)).hold_receipt
    hold = open_hold(customer, envelope)
    sold = hold.message.items[0].offer
    nonce = new_request_id(options)
    document = order_document(
        customer,
        hold,
        nonce=nonce,
        spend_limit=spend_limit,
        interface=options.interface or find_offer(customer, sold.id, sold.sha256).message.interfaces[0],
        account=options.account,
    )
    signed = customer.identity.sign_document(document)
    response = customer.client.commit_order(
        v1.CommitOrderRequest(request_id=nonce, order=options.order, envelope=signed)
    )
    if options.wait is None:
        return _state(response.order)
    return _await_answer(customer, options.order, options.wait)


def _await_answer(customer: Customer, name: str, patience: timedelta) -> Result:
    from crex import v1
    from crex.cli.party import state_text, wait_until

    def look() -> v1.Order | None:
        order = customer.client.get_order(v1.GetOrderRequest(order=name)).order
        return order if state_text(v1.OrderState, order.state) in _SETTLED else None

    order = wait_until(look, patience, f"The provider's answer to {name}")
    result = _state(order)
    good = state_text(v1.OrderState, order.state) in ("confirmed", "fulfilled")
    return Result(result.value, result.text, OK if good else REFUSED)


def _money(text: str | None) -> v1.Money | None:
    """Reads '10 USD'; as in `10.00 USD`, no digit may be finer than the currency's minor unit."""
    from crex import v1
    from crex.decimals.money import Money
    from crex.decimals.scalars import parse_decimal
    from crex.errors import CrexError

    if text is None:
        return None
    amount, _, currency = (part.strip() for part in text.strip().partition(" "))
    if not amount or not currency:
        raise CrexError(
            "SCHEMA", f"{text!r} is no amount of money. Write amount and currency, such as '10.00 USD'."
        )
    exact = parse_decimal(amount.rstrip("0").rstrip(".") if "." in amount else amount)
    money = Money.rounded(currency, exact)
    if money.value != exact:
        raise CrexError(
            "SCHEMA", f"{text!r} is finer than the smallest unit of {currency}. Write fewer digits."
        )
    return v1.Money(amount=money.amount, currency=currency)


def _show(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer, state_text
    from crex.documents.convert import to_json

    response = open_customer(options).client.get_order(v1.GetOrderRequest(order=options.order))
    order = response.order
    lines = [
        f"order     {order.name}",
        f"state     {state_text(v1.OrderState, order.state)}",
        f"consumer  {order.consumer}",
        f"provider  {order.provider}",
        f"interval  {order.interval.start.ToJsonString()} until {order.interval.end.ToJsonString()}",
    ]
    for line in order.lines:
        lines += [f"offer     {line.quantity} of {line.offer}", f"lease     {line.lease}"]
    if order.last_transition.reason:
        lines.append(f"because   {order.last_transition.reason}")
    return Result(to_json(response), "\n".join(lines))


def _list(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer, pages, state_text
    from crex.documents.convert import to_json

    customer = open_customer(options)
    request = v1.ListOrdersRequest(page_size=1000)
    orders = [one for page in pages(customer.client.list_orders, request) for one in page.orders]
    rows = [
        [one.name, state_text(v1.OrderState, one.state), one.provider, one.create_time.ToJsonString()]
        for one in orders
    ]
    text = table(["ORDER", "STATE", "PROVIDER", "MADE"], rows, empty="There are no orders.")
    return Result([to_json(one) for one in orders], text)


def _release(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import new_request_id, open_customer

    request = v1.ReleaseHoldRequest(request_id=new_request_id(options), order=options.order)
    return _state(open_customer(options).client.release_hold(request).order)


def _cancel(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import new_request_id, open_customer

    request = v1.CancelOrderRequest(request_id=new_request_id(options), order=options.order)
    return _state(open_customer(options).client.cancel_order(request).order)


def _state(order: v1.Order) -> Result:
    from crex import v1
    from crex.cli.party import state_text
    from crex.documents.convert import to_json

    because = f": {order.last_transition.reason}" if order.last_transition.reason else ""
    text = f"{order.name} is {state_text(v1.OrderState, order.state)}{because}."
    text += "".join(f"\n  lease  {line.lease}" for line in order.lines)
    return Result(to_json(order), text)
