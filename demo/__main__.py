"""`python -m demo`: one sale end to end, told as it happens; exit code 0 where everything verified."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from crex.errors import CrexError
from demo import audit, catalogue, refusals, sale
from demo.papers import Papers
from demo.party import Party
from demo.processes import Child, start_broker
from demo.story import DemoFailed, Story, standard_output


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--out", type=Path, help="folder for documents and report (default: build/demo/<time>)"
    )
    options = parser.parse_args(arguments)
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    out: Path = options.out or Path("build") / "demo" / stamp
    out.mkdir(parents=True, exist_ok=True)
    story = Story(standard_output())
    try:
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crex-demo-")))
            run(story, stack, home, out)
    except (DemoFailed, CrexError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    print(f"\nEverything verified in {story.seconds:.1f} s. Documents: {out / 'documents'}")
    return 0


def run(story: Story, stack: ExitStack, home: Path, out: Path) -> None:
    """Tells the whole story."""
    papers = Papers(out / "documents")
    story.chapter("A market of one machine")
    with story.step("a broker starts, with TLS and throwaway parties") as step:
        child, facts = start_broker(home / "dev", out / "broker.log")
        stack.enter_context(child)
        step.say(f"{facts['broker']} at {facts['target']}")
    broker = facts["broker"]

    def party(name: str) -> Party:
        folder = Path(facts["parties"][name]["folder"])
        found = Party.load(folder, target=facts["target"], broker=broker, papers=papers)
        stack.callback(found.client.close)
        return found

    provider, consumer = party("provider.dev.invalid"), party("consumer.dev.invalid")
    catalogue.publish_catalogue(story, party("catalogue.dev.invalid"))
    goods = sale.publish_host(story, provider, broker)
    config = home / "agent.json"
    config.write_text(
        json.dumps(
            {
                "identity": facts["parties"]["provider.dev.invalid"]["folder"],
                "target": facts["target"],
                "broker": broker,
                "folder": str(home / "agent"),
                "cpus": goods.cpus,
                "meter_s": 1.0,
            }
        ),
        "utf-8",
    )
    stack.enter_context(Child(["-m", "demo.agent", str(config)], out / "agent.log"))
    story.chapter("A sale")
    found = sale.search(story, consumer)
    bought = sale.buy(story, consumer, broker, found)
    sale.use(story, consumer, bought)
    story.chapter("A bill that its buyer believes")
    sale.settle(story, consumer, bought)
    audit.audit(story, papers, consumer)
    story.chapter("What must not succeed")
    refusals.refuse_all(story, consumer, goods, found, bought)


if __name__ == "__main__":
    raise SystemExit(main())
