"""The stream between broker and agent: how it begins, what is repeated, how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from crex import v1
from crex.errors import CrexError
from crex_broker.application.agent_streams import AgentStreams
from crex_broker.application.limits import Limits
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.exchange import OTHER, PROVIDER
from reference_broker.tests.trade import Trade


async def refusal(agent: PlayedAgent) -> CrexError:
    """The error by which the broker ended a stream."""
    await agent.gone()
    assert isinstance(agent.ended, CrexError)
    return agent.ended


async def test_the_welcome_states_what_the_broker_expects(trade: Trade, agent: PlayedAgent) -> None:
    """The welcome has the broker's time and the periods of heartbeats and inventories."""
    assert agent.welcome.server_time.ToDatetime(tzinfo=trade.clock.now().tzinfo) == trade.clock.now()
    assert agent.welcome.heartbeat_seconds == 10
    assert agent.welcome.inventory_seconds == 300


async def test_heartbeats_come_often_enough_to_judge_the_certificate(tmp_path: Path) -> None:
    """CHANNEL-RECHECK-1: however the broker is configured, a live agent says something within a minute."""
    trade = Trade.open(tmp_path / "broker.db", limits=Limits(heartbeat_s=3600))
    assert isinstance(trade, Trade)
    try:
        await trade.enrol(PROVIDER)
        agent = await PlayedAgent.join(trade)
        assert 3 * agent.welcome.heartbeat_seconds < 60
        await agent.drop()
    finally:
        trade.close()


async def test_the_first_message_is_a_hello(trade: Trade) -> None:
    """A stream that begins with anything else, or with nothing, is refused (AGENT-HELLO-1)."""
    agent = PlayedAgent(trade)
    agent.begin()
    agent.say(heartbeat=v1.Heartbeat())
    assert (await refusal(agent)).violations[0].requirement == "AGENT-HELLO-1"
    silent = PlayedAgent(trade)
    silent.begin()
    silent.hang_up()
    assert (await refusal(silent)).reason == "SCHEMA"


async def test_a_second_hello_ends_the_stream(trade: Trade, agent: PlayedAgent) -> None:
    """A hello is the first message, and only that."""
    agent.say(hello=v1.AgentHello(instance="again"))
    assert (await refusal(agent)).violations[0].requirement == "AGENT-HELLO-1"


async def test_a_message_without_content_ends_the_stream(trade: Trade, agent: PlayedAgent) -> None:
    """A message that says nothing is a breach of the protocol."""
    agent.say()
    assert (await refusal(agent)).reason == "SCHEMA"


@pytest.mark.parametrize("seq", [0, 1, 3, -1, 2**62])
async def test_messages_are_numbered_without_gaps(trade: Trade, agent: PlayedAgent, seq: int) -> None:
    """The message after the hello has number 2; any other ends the stream (AGENT-SEQ-1)."""
    agent.say(seq=seq, heartbeat=v1.Heartbeat())
    assert (await refusal(agent)).violations[0].requirement == "AGENT-SEQ-1"


async def test_a_pool_of_another_authority_is_refused(trade: Trade) -> None:
    """A hello that names another provider's pool opens no stream (AGENT-POOL-1)."""
    agent = PlayedAgent(trade)
    agent.begin()
    agent.say(hello=v1.AgentHello(instance="rack", pools=[f"crex://{OTHER}/pool/nodes"]))
    assert (await refusal(agent)).reason == "NOT_FOUND"


async def test_commands_of_other_pools_wait(trade: Trade) -> None:
    """An agent that serves named pools gets their commands only."""
    narrow = await PlayedAgent.join(trade, pools=[f"crex://{PROVIDER}/pool/elsewhere"])
    await trade.order()
    assert not await narrow.settled()
    await narrow.drop()
    wide = await PlayedAgent.join(trade, pools=[f"crex://{PROVIDER}/pool/nodes"])
    await wide.command("confirm")
    await wide.drop()


async def test_another_provider_sees_no_command(trade: Trade) -> None:
    """Commands go to the provider they are for, and to nobody else."""
    stranger = await PlayedAgent.join(trade, OTHER)
    await trade.order()
    assert not await stranger.settled()
    await stranger.drop()


async def test_a_new_stream_replaces_the_older(trade: Trade, agent: PlayedAgent) -> None:
    """The older stream ends without an error; the new one has everything that stands (AGENT-REPLACE-1)."""
    await trade.order()
    command = await agent.command("confirm")
    newer = await PlayedAgent.join(trade)
    await agent.gone()
    assert agent.ended is True
    assert await newer.command("confirm") == command
    newer.accept(command)
    await newer.settled()
    assert await trade.order_state(command.confirm.order) == "CONFIRMED"
    await newer.drop()


async def test_a_dropped_stream_changes_nothing(trade: Trade, agent: PlayedAgent) -> None:
    """A lease survives the loss of its provider's stream, however long it takes (AGENT-DROP-1)."""
    lease = await trade.active(agent, end=trade.at(hours=2))
    before = await trade.lease(lease)
    await agent.drop()
    trade.clock.advance(hours=1)
    await trade.tick()
    assert await trade.lease(lease) == before
    back = await PlayedAgent.join(trade)
    assert not await back.settled()
    await back.drop()


async def test_an_unanswered_command_is_repeated_ever_less_often(trade: Trade, agent: PlayedAgent) -> None:
    """The same command comes again after a pause that grows, with the same identifier (AGENT-COMMAND-2)."""
    await trade.order()
    first = await agent.command("confirm")
    for pause_s in (30, 60, 120):
        trade.clock.advance(seconds=pause_s - 1)
        trade.context.commands.ring(PROVIDER)
        assert not await agent.settled()
        trade.clock.advance(seconds=1)
        trade.context.commands.ring(PROVIDER)
        assert await agent.command("confirm") == first


async def test_a_new_stream_gets_everything_that_stands(trade: Trade, agent: PlayedAgent) -> None:
    """What stands is repeated at once on a new stream, whatever the hello says of it (AGENT-COMMAND-2)."""
    await trade.order()
    command = await agent.command("confirm")
    await agent.drop()
    back = await PlayedAgent.join(trade, unanswered=[command.id, "unheard-of"])
    assert await back.command("confirm") == command
    assert not await back.settled()
    await back.drop()


async def test_a_silent_stream_is_ended(trade: Trade) -> None:
    """A stream from which nothing came for three heartbeats ends; one that shows life does not."""
    elapsed = [0.0]
    trade.agents = AgentStreams(trade.context, lambda: elapsed[0])
    agent = await PlayedAgent.join(trade)
    elapsed[0] = 29.0
    agent.say(heartbeat=v1.Heartbeat())
    await agent.settled()
    elapsed[0] = 58.0
    trade.context.commands.ring(PROVIDER)
    await agent.settled()
    assert trade.agents.connected(PROVIDER)
    elapsed[0] = 89.0
    trade.context.commands.ring(PROVIDER)
    await agent.gone()
    assert agent.ended is True
    assert not trade.agents.connected(PROVIDER)


async def test_a_broker_that_ends_its_work_says_so(trade: Trade, agent: PlayedAgent) -> None:
    """Draining sends every agent a last word and takes no new stream (AGENT-DRAIN-1)."""
    await trade.agents.drain()
    said = await agent.gone()
    assert said[-1].drain.retry_after_ms == 1_000
    late = PlayedAgent(trade)
    late.begin()
    late.say(hello=v1.AgentHello(instance="late"))
    assert (await refusal(late)).reason == "DRAINING"


async def test_what_was_said_before_hanging_up_counts(trade: Trade, agent: PlayedAgent) -> None:
    """An agent that closes its side right after an answer has answered."""
    order = await trade.order()
    agent.accept(await agent.command("confirm"))
    agent.hang_up()
    await agent.gone()
    assert agent.ended is True
    assert await trade.order_state(order.name) == "CONFIRMED"
