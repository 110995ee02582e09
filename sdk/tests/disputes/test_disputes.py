"""Disputes: what may be disputed, the steps from opening to settlement, and what stays payable."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex.decimals import Money
from crex.disputes.case import MACHINE, Case, next_state, payable, settles
from crex.disputes.checks import DisputeError
from crex.documents import convert
from crex.invoice.standing import SignedNote, Standing
from crex.metering.span import timestamp_ms
from crex.v1 import CreditNote, Dispute, DisputeReply
from sdk.tests.invoice.ledger import ARBITER, BROKER, DAY, ISSUED, STRANGER, Books, Tax, eur, key


@pytest.fixture(scope="module")
def books() -> Books:
    """Parties that trust each other; lines bear 20 % tax."""
    return Books()


@pytest.fixture(scope="module")
def standing(books: Books) -> Standing:
    """An invoice of 100.00 and 10.05, with 22.01 of tax."""
    return books.standing({"gpu": eur("100.00"), "disk": eur("10.05")})


def refusal(run: Callable[[], object]) -> tuple[str, str]:
    """Reason and requirement of a refusal."""
    with pytest.raises(DisputeError) as refused:
        run()
    return refused.value.reason, refused.value.details["requirement"]


def test_what_is_not_disputed_stays_payable_with_its_taxes(books: Books, standing: Standing) -> None:
    """DISPUTE-AMOUNT-1: 40.00 of a line are 48.00 with tax; the rest is owed when it is due."""
    case = books.case(standing, {"gpu": eur("40.00")})
    assert standing.total == eur("132.06")
    assert case.dispute.message.disputed.amount == "48.00"
    assert case.dispute.message.undisputed.amount == "84.06"
    found = payable(standing, [case])
    assert (found.owed, found.payable, found.withheld) == (eur("132.06"), eur("84.06"), (eur("48.00"),))


def test_taxes_of_a_part_are_those_of_sums(books: Books) -> None:
    """DISPUTE-TAX-1: three lines of 0.10 at 5 % bear 0.02; without one of them, on 0.20, it is 0.01."""
    books.tax, before = Tax(rate="0.05"), books.tax
    standing = books.standing({name: eur("0.10") for name in "abc"})
    books.tax = before
    assert standing.total == eur("0.32")
    assert standing.part({key("a"): eur("0.10")}) == eur("0.21")
    assert standing.part({key(name): eur("0.10") for name in "abc"}) == eur("0.00")


def test_prices_that_include_tax_have_it_in_the_line() -> None:
    """DISPUTE-TAX-1: of 5.00 with 5.2 % in it, a dispute of 2.00 leaves 3.00."""
    books = Books(tax=Tax(rate="0.052", included=True))
    standing = books.standing({"gpu": eur("5.00")})
    assert standing.tax_included
    assert standing.part({key("gpu"): eur("2.00")}) == eur("3.00")


def test_a_tax_within_the_price_that_rounds_to_nothing() -> None:
    """DISPUTE-TAX-1: of 0.10 with 5 % in it the tax is 0.00, and a dispute of all leaves nothing."""
    standing = Books(tax=Tax(rate="0.05", included=True)).standing({"gpu": eur("0.10")})
    assert standing.tax_included
    assert standing.part({key("gpu"): eur("0.10")}) == eur("0.00")


@settings(max_examples=60, deadline=None)
@given(
    amounts=st.lists(st.integers(1, 10**6), min_size=1, max_size=5),
    share=st.integers(0, 100),
    rate=st.sampled_from(["0", "0.05", "0.07", "0.196", "0.2"]),
    included=st.booleans(),
)
def test_a_part_and_its_rest_are_the_whole(amounts: list[int], share: int, rate: str, included: bool) -> None:
    """DISPUTE-TAX-1: lowering lines never raises a total, and lowering all of all leaves nothing."""
    books = PARTIES
    books.tax = Tax(rate=rate, included=included)
    names = {f"c{index}": Money("EUR", minor) for index, minor in enumerate(amounts)}
    standing = books.standing(names)
    lowered = {key(name): Money("EUR", amount.minor * share // 100) for name, amount in names.items()}
    rest = standing.part(lowered)
    assert 0 <= rest.minor <= standing.total.minor
    assert standing.part({}) == standing.total
    assert standing.part({key(name): amount for name, amount in names.items()}).minor == 0


PARTIES = Books()


def changed(books: Books, dispute: Dispute, change: Callable[[Dispute], None]) -> Callable[[Standing], Case]:
    """A dispute that was changed before it was signed."""
    message = Dispute()
    message.CopyFrom(dispute)
    change(message)
    return lambda standing: Case.opened(books.signed(message), standing)


@pytest.mark.parametrize(
    ("change", "reason", "requirement"),
    [
        (lambda d: setattr(d.invoice, "sha256", "0" * 64), "SUBJECT", "DISPUTE-PIN-1"),
        (lambda d: d.notes.add().CopyFrom(d.invoice), "SUBJECT", "DISPUTE-PIN-1"),
        (lambda d: setattr(d.lines[0], "key", "no such line"), "TERMS", "DISPUTE-LINE-1"),
        (lambda d: setattr(d.lines[0].disputed, "amount", "100.01"), "TERMS", "DISPUTE-LINE-1"),
        (lambda d: setattr(d.lines[0].disputed, "amount", "0.00"), "TERMS", "DISPUTE-LINE-1"),
        (lambda d: setattr(d.lines[0].disputed, "amount", "-1.00"), "TERMS", "DISPUTE-LINE-1"),
        (lambda d: setattr(d.lines[0].disputed, "currency", "USD"), "TERMS", "DISPUTE-LINE-1"),
        (lambda d: d.lines.add().CopyFrom(d.lines[0]), "TERMS", "DISPUTE-LINE-1"),
        (lambda d: setattr(d.disputed, "amount", "40.00"), "TERMS", "DISPUTE-AMOUNT-1"),
        (lambda d: setattr(d.undisputed, "amount", "84.05"), "TERMS", "DISPUTE-AMOUNT-1"),
        (
            lambda d: d.answer_by.CopyFrom(convert.to_timestamp(ISSUED + 8 * DAY)),
            "TERMS",
            "DISPUTE-DEADLINE-1",
        ),
    ],
)
def test_a_dispute_that_does_not_fit_is_refused(
    books: Books, standing: Standing, change: Callable[[Dispute], None], reason: str, requirement: str
) -> None:
    """Each rule of a dispute, by a dispute that breaks only it."""
    dispute = books.dispute(standing, {"gpu": eur("40.00")}).message
    assert refusal(lambda: changed(books, dispute, change)(standing)) == (reason, requirement)


def test_only_the_buyer_disputes(books: Books, standing: Standing) -> None:
    """DISPUTE-PARTY-1: a dispute by anybody else is refused, however well it is signed."""
    dispute = books.dispute(standing, {"gpu": eur("1.00")}, issuer=STRANGER)
    assert refusal(lambda: Case.opened(dispute, standing)) == ("NOT_A_PARTY", "DISPUTE-PARTY-1")


def test_a_line_is_in_one_open_dispute(books: Books, standing: Standing) -> None:
    """DISPUTE-ONE-1: a second dispute of the line waits for the end of the first."""
    first = books.case(standing, {"gpu": eur("40.00")})
    second = books.dispute(standing, {"disk": eur("1.00"), "gpu": eur("1.00")})
    assert refusal(lambda: Case.opened(second, standing, [first])) == ("CONFLICT", "DISPUTE-ONE-1")
    ended = first.replied(books.reply(first, "withdraw"))
    assert Case.opened(second, standing, [ended]).state == "OPEN"


def test_from_opening_to_settlement(books: Books, standing: Standing) -> None:
    """DISPUTE-PAYABLE-1: the table of the page, step by step, to the note that settles."""
    case = books.case(standing, {"gpu": eur("40.00")})
    case = case.answered(books.answer(case, {"gpu": eur("25.00")}))
    assert (case.state, payable(standing, [case]).payable) == ("ANSWERED", eur("84.06"))
    case = case.replied(books.reply(case, "agree"))
    assert (case.state, payable(standing, [case]).payable) == ("RESOLVED", eur("102.06"))
    assert case.settlement() == {key("gpu"): eur("25.00")}
    note = books.note(standing, {"gpu": eur("-25.00")}, reason="settlement", settles=case.settled_by)
    settled = standing.noted(note)
    found = payable(settled, [case])
    assert (found.owed, found.payable, found.withheld) == (eur("102.06"), eur("102.06"), (eur("0.00"),))
    credit = books.signed(note.note.message)
    assert isinstance(credit.message, CreditNote)
    assert settles(credit, case)


def test_a_withdrawn_dispute_withholds_nothing(books: Books, standing: Standing) -> None:
    """DISPUTE-PAYABLE-1: all that was billed is payable again."""
    case = books.case(standing, {"gpu": eur("40.00")})
    case = case.replied(books.reply(case, "withdraw"))
    assert (case.state, payable(standing, [case]).payable) == ("WITHDRAWN", standing.total)
    assert refusal(case.settlement) == ("INCOMPLETE", "DISPUTE-SETTLE-1")


@pytest.mark.parametrize(
    ("credited", "withheld"),
    [("-40.00", "0.00"), ("-30.00", "10.00"), ("-60.00", "0.00"), ("5.00", "40.00")],
)
def test_a_note_during_a_dispute_takes_the_place_of_what_is_withheld(
    books: Books, standing: Standing, credited: str, withheld: str
) -> None:
    """DISPUTE-PAYABLE-1: a line withholds what is left above its undisputed part."""
    case = books.case(standing, {"gpu": eur("40.00")})
    later = standing.noted(books.note(standing, {"gpu": eur(credited)}))
    expected = {} if withheld == "0.00" else {key("gpu"): eur(withheld)}
    assert case.withheld(later) == expected


def test_a_dispute_after_a_note_is_of_the_lines_as_they_stand(books: Books, standing: Standing) -> None:
    """DISPUTE-PIN-1: the notes are pinned, and what they took back cannot be disputed again."""
    later = standing.noted(books.note(standing, {"gpu": eur("-70.00")}))
    case = books.case(later, {"gpu": eur("30.00")})
    assert list(case.dispute.message.notes) == list(later.pins)
    assert refusal(lambda: books.case(later, {"gpu": eur("30.01")})) == ("TERMS", "DISPUTE-LINE-1")
    assert refusal(lambda: Case.opened(case.dispute, standing)) == ("SUBJECT", "DISPUTE-PIN-1")


def test_an_unanswered_dispute_goes_to_the_broker(books: Books, standing: Standing) -> None:
    """STATE-DISPUTE-1, DISPUTE-ARBITER-1: the deadline escalates it, a ruling ends it."""
    case = books.case(standing, {"gpu": eur("40.00")}, arbiter=ARBITER)
    deadline = timestamp_ms(case.dispute.message.answer_by)
    assert (case.at(deadline - 1).state, case.at(deadline).state) == ("OPEN", "ESCALATED")
    late = books.answer(case, {}, at=ISSUED + 16 * DAY)
    assert refusal(lambda: case.answered(late)) == ("ILLEGAL_TRANSITION", "STATE-DISPUTE-1")
    stranger = books.ruling(case, {}, issuer=ARBITER)
    assert refusal(lambda: case.ruled(stranger)) == ("NOT_A_PARTY", "DISPUTE-ARBITER-1")
    ruled = case.ruled(books.ruling(case, {"gpu": eur("40.00")}))
    assert (ruled.state, payable(standing, [ruled]).payable) == ("RESOLVED", eur("84.06"))


def test_the_arbiter_whom_both_accept_rules(books: Books, standing: Standing) -> None:
    """DISPUTE-ARBITER-1: the accepted arbiter and nobody else; where they differ, the broker."""
    case = books.case(standing, {"gpu": eur("40.00")}, arbiter=ARBITER)
    agreed = case.answered(books.answer(case, {}, arbiter=ARBITER))
    assert agreed.arbiter == ARBITER
    assert case.answered(books.answer(case, {}, arbiter=BROKER)).arbiter == BROKER
    escalated = agreed.replied(books.reply(agreed, "escalate"))
    assert refusal(lambda: escalated.ruled(books.ruling(escalated, {}, issuer=BROKER))) == (
        "NOT_A_PARTY",
        "DISPUTE-ARBITER-1",
    )
    ruled = escalated.ruled(books.ruling(escalated, {"gpu": eur("1.00")}, issuer=ARBITER))
    assert ruled.settlement() == {key("gpu"): eur("1.00")}


def test_a_ruling_pins_the_answer_that_came(books: Books, standing: Standing) -> None:
    """DISPUTE-RULING-1: a ruling that heard no answer, or another one, is refused."""
    opened = books.case(standing, {"gpu": eur("40.00")})
    answered = opened.answered(books.answer(opened, {}))
    escalated = answered.replied(books.reply(answered, "escalate"))
    deaf = books.ruling(opened, {"gpu": eur("1.00")})
    assert refusal(lambda: escalated.ruled(deaf)) == ("SUBJECT", "DISPUTE-RULING-1")
    assert refusal(lambda: books.ruling(escalated, {"gpu": eur("40.01")})) == ("TERMS", "DISPUTE-RULING-1")


def test_an_answer_has_a_line_for_each_and_no_more_than_is_disputed(books: Books, standing: Standing) -> None:
    """DISPUTE-ANSWER-1, DISPUTE-PIN-2, DISPUTE-PARTY-1: one line each, from zero to what is disputed."""
    case = books.case(standing, {"gpu": eur("40.00"), "disk": eur("1.00")})
    assert refusal(lambda: books.answer(case, {"gpu": eur("40.01")})) == ("TERMS", "DISPUTE-ANSWER-1")
    assert refusal(lambda: books.answer(case, {"gpu": eur("-0.01")})) == ("TERMS", "DISPUTE-ANSWER-1")
    assert refusal(lambda: books.answer(case, {"other": eur("1.00")})) == ("TERMS", "DISPUTE-ANSWER-1")
    message = books.answer(case, {}).message
    del message.lines[0]
    assert refusal(lambda: case.answered(books.signed(message))) == ("TERMS", "DISPUTE-ANSWER-1")
    other = books.case(standing, {"gpu": eur("40.00")})
    assert refusal(lambda: case.answered(books.answer(other, {}))) == ("SUBJECT", "DISPUTE-PIN-2")
    answer = books.answer(case, {}, issuer=STRANGER)
    assert refusal(lambda: case.answered(answer)) == ("NOT_A_PARTY", "DISPUTE-PARTY-1")


def test_credit_that_was_given_before_is_not_given_again(books: Books, standing: Standing) -> None:
    """DISPUTE-CREDIT-1: the note must take back the line; then no settling note follows."""
    case = books.case(standing, {"gpu": eur("40.00")})
    note = books.note(standing, {"gpu": eur("-25.00")}, at=ISSUED + 4 * DAY)
    named = books.answer(case, {"gpu": eur("25.00")}, credit_notes={"gpu": note.note.pin})
    answered = case.answered(named, [note])
    agreed = answered.replied(books.reply(answered, "agree"))
    assert agreed.settlement() == {}
    assert payable(standing.noted(note), [agreed]).payable == eur("102.06")
    assert refusal(lambda: case.answered(named)) == ("SUBJECT", "DISPUTE-CREDIT-1")
    more = books.answer(case, {"gpu": eur("25.01")}, credit_notes={"gpu": note.note.pin})
    assert refusal(lambda: case.answered(more, [note])) == ("SUBJECT", "DISPUTE-CREDIT-1")
    later = standing.noted(note)
    again = books.case(later, {"gpu": eur("40.00")}, at=ISSUED + 6 * DAY)
    old = books.answer(again, {"gpu": eur("25.00")}, at=ISSUED + 7 * DAY, credit_notes={"gpu": note.note.pin})
    assert refusal(lambda: again.answered(old, [note])) == ("SUBJECT", "DISPUTE-CREDIT-1")


def test_a_reply_pins_the_answer(books: Books, standing: Standing) -> None:
    """DISPUTE-REPLY-1: nobody agrees to another answer, or to none."""
    case = books.case(standing, {"gpu": eur("40.00")})
    answered = case.answered(books.answer(case, {"gpu": eur("25.00")}))
    other = case.answered(books.answer(case, {"gpu": eur("24.00")}))
    for reply in (books.reply(other, "agree"), books.reply(case, "escalate")):
        assert refusal(lambda given=reply: answered.replied(given)) == ("SUBJECT", "DISPUTE-REPLY-1")  # type: ignore[misc]


def test_a_repeated_document_changes_nothing(books: Books, standing: Standing) -> None:
    """STATE-DISPUTE-1: what led here may come again; another of its kind may not."""
    case = books.case(standing, {"gpu": eur("40.00")})
    answer = books.answer(case, {"gpu": eur("25.00")})
    answered = case.answered(answer)
    assert answered.answered(answer) is answered
    second = books.answer(case, {"gpu": eur("26.00")})
    assert refusal(lambda: answered.answered(second)) == ("ILLEGAL_TRANSITION", "STATE-DISPUTE-1")
    agreed = answered.replied(books.reply(answered, "agree"))
    for step in ("agree", "escalate", "withdraw"):
        reply = books.reply(answered, step, at=ISSUED + 7 * DAY)
        assert refusal(lambda given=reply: agreed.replied(given)) == (  # type: ignore[misc]
            "ILLEGAL_TRANSITION",
            "STATE-DISPUTE-1",
        )


def test_the_table_is_the_rule() -> None:
    """STATE-DISPUTE-1: every event in every state has its row in the table or is refused by name."""
    events = {row.event for row in MACHINE.steps}
    for state in (None, *MACHINE.states):
        for event in events:
            rows = [
                row
                for row in MACHINE.steps
                if row.event == event and (state in row.sources or (state is None and not row.sources))
            ]
            if rows:
                assert next_state(state, event) == rows[0].target
            else:
                assert refusal(lambda s=state, e=event: next_state(s, e)) == (  # type: ignore[misc]
                    "ILLEGAL_TRANSITION",
                    "STATE-DISPUTE-1",
                )


def test_notes_are_taken_in_their_order(books: Books, standing: Standing) -> None:
    """NOTE-PIN-1: a note that does not follow those before it, or is on another invoice, is refused."""
    first = books.note(standing, {"gpu": eur("-1.00")})
    twin = books.note(standing, {"gpu": eur("-2.00")})
    other = books.standing({"gpu": eur("100.00")})
    for base, note in ((standing.noted(first), twin), (other, first)):
        with pytest.raises(Exception, match="NOTE-PIN-1"):
            base.noted(note)
    with pytest.raises(Exception, match="INVOICE-LINES-1"):
        SignedNote(first.note, []).read()


def test_withholding_never_leaves_the_line(books: Books, standing: Standing) -> None:
    """DISPUTE-PAYABLE-1: two disputes of one line, one after the other, withhold no more than it comes to."""
    first = books.case(standing, {"gpu": eur("100.00")})
    first = first.answered(books.answer(first, {"gpu": eur("60.00")}))
    first = first.replied(books.reply(first, "agree"))
    dispute = books.dispute(standing, {"gpu": eur("70.00")}, at=ISSUED + 8 * DAY)
    second = Case.opened(dispute, standing, [first])
    found = payable(standing, [first, second])
    assert found.payable == eur("12.06")
    assert sum(each.minor for each in found.withheld) == (found.owed - found.payable).minor


def test_a_reply_says_one_of_three_steps(books: Books, standing: Standing) -> None:
    """DISPUTE-REPLY-1: any other step is refused by the contract."""
    case = books.case(standing, {"gpu": eur("1.00")})
    message = DisputeReply()
    message.CopyFrom(books.reply(case, "withdraw").message)
    message.step = "appeal"
    with pytest.raises(Exception, match="DISPUTE-REPLY-1"):
        books.signed(message)
