"""Plays the whole sale: who takes part, in which order, and that all of it ends."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from demo import audit, catalogue, logged, refusals, sale
from demo.gather import Gathered
from demo.papers import Papers
from demo.party import Party
from demo.processes import Orphanage, start_agent, start_broker
from demo.story import Story


def play(story: Story, gathered: Gathered, out: Path) -> None:
    """Tells the whole story; whatever it starts ends with it, on every way out.

    Args:
        story: Where it is told.
        gathered: Where what came up is kept.
        out: Folder for the documents and the logs.

    Raises:
        DemoFailed: Something did not come to what it must.
        CrexError: Something was refused that must not be.
    """
    with ExitStack() as stack:
        # In the reverse order of this: the agent ends, the broker, what they left behind, the folder.
        home = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="crex-demo-", ignore_cleanup_errors=True)
        )
        stack.enter_context(Orphanage())
        try:
            _play(story, gathered, out, Path(home), stack)
        finally:
            Orphanage.close_doors()


def _play(story: Story, gathered: Gathered, out: Path, home: Path, stack: ExitStack) -> None:
    papers = Papers(out / "documents")
    story.chapter("A market of one machine")
    with story.step("a broker starts, with TLS and throwaway parties") as step:
        _, facts = start_broker(home / "dev", out / "broker.log", stack)
        step.say(f"{facts['broker']} at {facts['target']}")
    broker = facts["broker"]

    def party(name: str) -> Party:
        folder = Path(facts["parties"][name]["folder"])
        found = Party.load(folder, target=facts["target"], broker=broker, papers=papers)
        stack.callback(found.client.close)
        papers.keep_trust(name, found.trust)
        return found

    provider, consumer = party("provider.dev.invalid"), party("consumer.dev.invalid")
    stranger = party("catalogue.dev.invalid")
    papers.keep_trust(broker, consumer.trust)
    gathered.facts = catalogue.publish_catalogue(story, stranger)
    goods, gathered.machine = sale.publish_host(story, provider, broker)
    start_agent(facts, home, out / "agent.log", goods.cpus, stack)
    story.chapter("A sale")
    found = sale.search(story, consumer)
    gathered.demand, gathered.demand_text = found.demand, sale.DEMAND
    gathered.searched_at = consumer.now()
    bought = sale.buy(story, consumer, broker, found)
    gathered.program = sale.use(story, consumer, bought)
    story.chapter("A bill that its buyer believes")
    gathered.invoice, gathered.report, gathered.lines = sale.settle(story, consumer, bought)
    gathered.audited = audit.audit(story, papers, consumer)
    story.chapter("A log that cannot be rewritten")
    proven = logged.check_log(story, papers, (consumer, provider, stranger), broker)
    story.chapter("What must not succeed")
    gathered.refusals = refusals.refuse_all(story, consumer, stranger, goods, found, bought, proven)
