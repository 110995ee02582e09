"""Jobs as `sacct --json` and slurmrestd state them, in the forms of data parsers v0.0.37 to v0.0.43.

Times are seconds since 1970. Newer parsers write a number as `{"set": true, "infinite": false, "number": 5}`,
and a state as a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from crex.describe.members import Members, as_whole
from crex.describe.sources import Source, read_json
from crex.describe.values import clean
from crex.metering.importing.slurm_jobs import Job, found_of, is_ended, not_ended
from crex.metering.importing.times import epoch_ms
from crex.metering.importing.uses import Found, UsageImport

_MICRO: Final = 10**6
_LABELS: Final = (
    ("Cluster", "cluster"), ("Account", "account"), ("User", "user"), ("Partition", "partition"),
    ("QOS", "qos"),
)  # fmt: skip


def read_jobs(source: Source, books: UsageImport) -> Iterator[Found]:
    """Reads the jobs of an answer; begins a row for each."""
    parsed = read_json(source)
    top = Members.of(parsed.value, source.name, books.report)
    if source.problem or top is None or not top.has("jobs"):
        why = source.problem or parsed.problem or "it has no jobs; give what `sacct --json` prints"
        books.leave_out(books.row(source.name), why)
        return
    for at, value in enumerate(top.items("jobs")):
        row = books.row(f"{source.name}: $.jobs[{at}]")
        members = Members.of(value, row, books.report)
        job = _job(members, row) if members is not None else "it is no object"
        yield from books.told(row, job if isinstance(job, str) else found_of(job, books.report))


def _job(members: Members, row: str) -> Job | str:
    number = _number(members, "job_id")
    time, tres = members.mapping("time"), members.mapping("tres")
    if not number or time is None:
        return "it has no number or no times: squeue prints other jobs, of which nothing is accounted"
    state = _state(members)
    if not is_ended(state):
        return not_ended(state)
    start, end = (epoch_ms(_number(time, name)) for name in ("start", "end"))
    if start is None or end is None:
        return "it never ran"
    elapsed, suspended = _number(time, "elapsed"), _number(time, "suspended")
    cpus, gpus, memory = _allocated(tres)
    labels = ((label, clean(members.text(name), 200)) for label, name in _LABELS)
    return Job(
        name=str(number),
        row=row,
        start_ms=start,
        end_ms=end,
        elapsed=Fraction(elapsed) if elapsed is not None else None,
        suspended=Fraction(suspended) if suspended is not None else None,
        cpu_time=_cpu_time(time),
        cpu_allocated=None,
        cpus=frozenset({cpus} if cpus is not None else ()),
        gpus=gpus,
        memory_mib=memory,
        energy=None,
        labels=(*((label, text) for label, text in labels if text), ("JobID", str(number))),
    )


def _number(members: Members, name: str) -> int | None:
    """Gives a whole number in either form; nothing where it is not set, or infinite."""
    value = members.raw(name)
    if isinstance(value, dict):
        return (
            as_whole(value.get("number")) if value.get("set") is True and not value.get("infinite") else None
        )
    return members.whole(name)


def _state(members: Members) -> str:
    state = members.mapping("state")
    current = state.raw("current") if state is not None else None
    if isinstance(current, list):
        # Flags such as REQUEUED may follow; a job that any of them keeps alive has not ended.
        texts = [one for one in current if isinstance(one, str)]
        return next((one for one in texts if not is_ended(one)), texts[0] if texts else "")
    return current if isinstance(current, str) else ""


def _cpu_time(time: Members) -> Fraction | None:
    total = time.mapping("total")
    if total is None:
        return None
    seconds, micro = total.whole("seconds"), total.whole("microseconds", high=_MICRO - 1)
    return Fraction(seconds * _MICRO + micro, _MICRO) if seconds is not None and micro is not None else None


def _allocated(tres: Members | None) -> tuple[Fraction | None, Fraction | None, Fraction | None]:
    """Gives CPUs, GPUs and MiB that a job was given; of what is stated twice and differs, nothing."""
    found: dict[str, set[int]] = {}
    typed = 0
    for one in tres.mappings("allocated") if tres is not None else ():
        kind, name, count = one.text("type") or "", one.text("name") or "", _number(one, "count")
        if count is None:
            continue
        if kind == "gres" and name.startswith("gpu:"):
            typed += count
        else:
            found.setdefault(f"{kind}/{name}" if name else kind, set()).add(count)
    if typed:
        found.setdefault("gres/gpu", set()).add(typed)
    cpus, gpus, memory = (found.get(name, set()) for name in ("cpu", "gres/gpu", "mem"))
    return tuple(Fraction(*one) if len(one) == 1 else None for one in (cpus, gpus, memory))  # type: ignore[return-value]
