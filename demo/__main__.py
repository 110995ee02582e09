"""`python -m demo`: one sale end to end, told as it happens; exit code 0 where everything verified."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from crex.errors import CrexError
from demo import audit, catalogue, refusals, sale
from demo.gather import Gathered, result_of
from demo.papers import Papers
from demo.party import Party
from demo.processes import start_agent, start_broker
from demo.report import render
from demo.story import DemoFailed, Story, standard_output


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--out", type=Path, help="folder for documents and report (default: build/demo/<time>)"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON instead of the story")
    options = parser.parse_args(arguments)
    began = datetime.now(UTC).replace(microsecond=0)
    out: Path = options.out or Path("build") / "demo" / began.strftime("%Y%m%d-%H%M%S")
    documents = out / "documents"
    story = Story(None if options.json else standard_output())
    gathered, error = Gathered(), ""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crex-demo-")))
            run(story, gathered, stack, home, out)
    except (DemoFailed, CrexError, OSError) as caught:
        error = str(caught)
    except KeyboardInterrupt:
        error = "interrupted"
    result = result_of(
        story,
        gathered,
        began=began.isoformat().replace("+00:00", "Z"),
        folder=str(documents),
        error=error,
    )
    report = out / "report.html"
    if out.is_dir():
        report.write_text(render(result), "utf-8")
    if options.json:
        print(json.dumps(asdict(result), ensure_ascii=False))
    elif not error:
        print(f"\nEverything verified in {result.seconds:.1f} s.")
        print(f"  Read the report:  {report}")
        print(f"  The documents:    {documents}")
    if error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    return 0


def run(story: Story, gathered: Gathered, stack: ExitStack, home: Path, out: Path) -> None:
    """Tells the whole story; whatever it starts ends with the stack."""
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
    stranger = party("catalogue.dev.invalid")
    gathered.facts = catalogue.publish_catalogue(story, stranger)
    goods, gathered.machine = sale.publish_host(story, provider, broker)
    stack.enter_context(start_agent(facts, home, out / "agent.log", goods.cpus))
    story.chapter("A sale")
    found = sale.search(story, consumer)
    gathered.demand, gathered.demand_text, gathered.searched_at = found.demand, sale.DEMAND, consumer.now()
    bought = sale.buy(story, consumer, broker, found)
    gathered.program = sale.use(story, consumer, bought)
    story.chapter("A bill that its buyer believes")
    gathered.invoice, gathered.report, gathered.lines = sale.settle(story, consumer, bought)
    gathered.audited = audit.audit(story, papers, consumer)
    story.chapter("What must not succeed")
    gathered.refusals = refusals.refuse_all(story, consumer, stranger, goods, found, bought)


if __name__ == "__main__":
    raise SystemExit(main())
