"""Reading one document of about 5 KB, step by step, against the tools that do a part of it.

All sides are interleaved in one run, and only ratios of medians count. What the others do not do: orjson
takes duplicate members, floats and null; jsonschema and jsonschema-rs see a parsed value and know nothing
of its text; json_format takes numbers for int64, snake case and null, and checks no constraint. Goals: the
deciding validator at least 30 times as fast as jsonschema; a typed message in a fifth of json_format.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import orjson
from google.protobuf import json_format
from pytest_benchmark.fixture import BenchmarkFixture

from crex import v1
from crex.documents import convert, reader, semantics, strict
from crex.documents.fields import descriptor_of
from crex.documents.validator import decider, explainer
from sdk.benchmarks.test_verified_open import per_call_us, resource_body

ROUNDS = 21


def test_read_document(benchmark: BenchmarkFixture) -> None:
    """Strict form, schema and rules together cost a few times of parsing alone."""
    body, kind = resource_body(), v1.ComputeResource
    value = reader.read(body, kind)
    message = convert.to_message(value, kind)
    decide, explain = decider(descriptor_of(kind)), explainer(descriptor_of(kind))
    pretty = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    sides: dict[str, Callable[[], object]] = {
        "orjson": lambda: orjson.loads(body),
        "strict": lambda: strict.loads(body),
        "strict_indented": lambda: strict.loads(pretty),
        "jsonschema_rs": lambda: decide(value),
        "rules": lambda: semantics.violations(value, kind),
        "read": lambda: reader.read(body, kind),
        "to_message": lambda: convert.to_message(value, kind),
        "read_typed": lambda: convert.to_message(reader.read(body, kind), kind),
        "dump": lambda: convert.dump(message),
        "json_format_parse": lambda: json_format.Parse(body, kind()),
        "json_format_write": lambda: json_format.MessageToJson(message),
    }
    samples: dict[str, list[float]] = {name: [] for name in (*sides, "jsonschema")}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            samples[name].append(per_call_us(side))
        # A hundred times slower than the rest: one call is enough.
        begin = perf_counter()
        explain.is_valid(value)
        samples["jsonschema"].append((perf_counter() - begin) * 1e6)
    us = {name: median(values) for name, values in samples.items()}
    benchmark.extra_info |= {
        "body_bytes": len(body),
        "us": {name: round(value, 1) for name, value in us.items()},
        "jsonschema_over_rs": round(us["jsonschema"] / us["jsonschema_rs"], 1),
        "jsonschema_over_read": round(us["jsonschema"] / us["read"], 1),
        "read_over_orjson": round(us["read"] / us["orjson"], 2),
        "json_format_over_read_typed": round(us["json_format_parse"] / us["read_typed"], 2),
        "json_format_over_to_message": round(us["json_format_parse"] / us["to_message"], 2),
        "json_format_over_dump": round(us["json_format_write"] / us["dump"], 2),
        "goal": "jsonschema_over_rs ≥ 30, json_format_over_to_message ≥ 5",
    }
    benchmark(lambda: reader.read(body, kind))
    print(f"\nread document: {benchmark.extra_info}")
