"""The generator on a tiny contract: what it writes, what it refuses, and that it writes the same again."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools import client_calls, field_tables, package_init, protoc, state_machines
from tools.contract import load_contract
from tools.files import write_tree
from tools.protoc import GenerateError
from tools.tests.contracts import NOUN, PACKAGE, SERVICE, STATES, write_contract


def test_messages_become_importable_modules(tmp_path: Path) -> None:
    """Messages and services become modules and stubs under the import root; only services get gRPC stubs."""
    contract = load_contract(write_contract(tmp_path), PACKAGE)
    names = [file.name for file in contract.files]
    services = [file.name for file in contract.files if file.service]
    modules = protoc.python_modules(tmp_path / "proto", names, services)
    assert services == ["crex/v1/thing_service.proto"]
    assert {Path(name).name for name in modules} == {
        *(
            f"{stem}_pb2.{ending}"
            for stem in ("constraint", "thing", "thing_service")
            for ending in ("py", "pyi")
        ),
        "thing_service_pb2_grpc.py",
        "thing_service_pb2_grpc.pyi",
    }
    for text in modules.values():
        ast.parse(text)
        assert str(tmp_path) not in text
    assert "from crex.v1 import thing_pb2" in modules["crex/v1/thing_service_pb2.py"]


def test_the_same_contract_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two runs, from two folders, write the same bytes."""
    outputs = []
    for folder in (tmp_path / "a", tmp_path / "b" / "deeper"):
        root = write_contract(folder)
        contract = load_contract(root, PACKAGE)
        machines = state_machines.load_machines(root / PACKAGE / "states.json", contract)
        names = [file.name for file in contract.files]
        outputs.append(
            {
                **protoc.python_modules(root, names, ["crex/v1/thing_service.proto"]),
                **package_init.init_modules(contract),
                **field_tables.field_pages(contract),
                "states.py": state_machines.state_module(machines),
                "states.md": state_machines.state_page(machines, {}),
            }
        )
    assert outputs[0] == outputs[1]


def test_the_package_names_everything_and_imports_nothing(tmp_path: Path) -> None:
    """The package's module maps names to modules and types to messages; its stub says the same to tools."""
    files = package_init.init_modules(load_contract(write_contract(tmp_path), PACKAGE))
    init, stub = files["crex/v1/__init__.py"], files["crex/v1/__init__.pyi"]
    assert '"Thing": "thing_pb2",' in init
    assert '"thing": "Thing",' in init
    assert "from crex.v1.thing_pb2 import ThingState as ThingState" in stub
    imports = [node for node in ast.walk(ast.parse(init)) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {alias.name for node in imports for alias in node.names} == {"import_module", "Any"}


def test_two_messages_of_one_type_are_refused(tmp_path: Path) -> None:
    """A document type that two messages claim is refused, naming both."""
    twin = NOUN[NOUN.index("// Represents a thing\n") : NOUN.index("// Represents how a thing")]
    root = write_contract(tmp_path, noun=NOUN + twin.replace("message Thing", "message Other"))
    with pytest.raises(GenerateError, match="Other and message Thing both claim"):
        package_init.init_modules(load_contract(root, PACKAGE))


def test_a_broken_proto_is_refused_with_its_place(tmp_path: Path) -> None:
    """What the compiler refuses is told with file and line."""
    root = write_contract(tmp_path, noun=NOUN.replace("int64 radius", "int65 radius"))
    with pytest.raises(GenerateError, match=r"crex/v1/thing\.proto:\d+:\d+: .*int65"):
        load_contract(root, PACKAGE)
    with pytest.raises(GenerateError, match=r"no \.proto file"):
        load_contract(root, "crex/v2")


def test_field_tables_say_all_of_a_field(tmp_path: Path) -> None:
    """A page names each member with type, presence, constraint, requirement and comment."""
    pages = field_tables.field_pages(load_contract(write_contract(tmp_path), PACKAGE))
    page = pages["thing.md"]
    assert "It has a second paragraph with a | in it." in page
    for row in (
        "| `thingName` (1) | string: token | required | 2 to 8 long | THING-NAME-1 | Name of the thing. |",
        "| `radius` (2) | int64 | one of shape | at least 1 |  | A round thing. |",
        "| `part` (3) | [Thing.Part](#thingpart) | one of shape |  |  | A thing of parts. |",
        "| `parts` (4) | map of token to [Thing.Part](#thingpart) | optional |  |  | Parts by token. |",
        "| `made` (5) | list of Timestamp | optional | at most 3 elements |  | When it was made. |",
        "| `THING_STATE_GONE` | 2 | It is gone. Terminal. |",
    ):
        assert row in page
    assert "signed by: provider; unknown members are ignored; `validUntil` is required." in page
    service = pages["thing_service.md"]
    assert (
        "| `WatchThings` | [WatchThingsRequest](#watchthingsrequest) | stream [Thing](thing.md#thing) |"
        in service
    )
    assert "| thing | [Thing](thing.md#thing) | provider | ignored | yes |" in pages["README.md"]


def test_state_tables_become_data_and_a_page(tmp_path: Path) -> None:
    """The tables become a module that runs and a page with rows, meanings and a diagram."""
    root = write_contract(tmp_path)
    machines = state_machines.load_machines(root / PACKAGE / "states.json", load_contract(root, PACKAGE))
    names: dict[str, object] = {"__name__": "generated"}
    exec(compile(state_machines.state_module(machines), "state_tables.py", "exec"), names)
    tables = names["MACHINES"]
    assert isinstance(tables, dict)
    thing = tables["thing"]
    assert thing.states == {"NEW": 1, "GONE": 2}
    assert thing.terminal == ("GONE",)
    assert [(step.sources, step.event, step.target) for step in thing.steps] == [
        ((), "make", "NEW"),
        (("NEW",), "touch", "NEW"),
        (("NEW",), "rot", "GONE"),
    ]
    assert thing.steps[1].guard == 'clean "hands"'
    page = state_machines.state_page(machines, {})
    assert "### STATE-THING-1\nA broker MUST change the state of a thing only by" in page
    assert "| NEW | rot | broker | GONE | – | timer rot |" in page
    assert "  NEW --> GONE: rot\n  GONE --> [*]" in page
    linked = state_machines.state_page(machines, {"STATE-THING-1": "things.md"})
    assert "[STATE-THING-1](things.md#state-thing-1)" in linked
    assert "MUST" not in linked


@pytest.mark.parametrize(
    ("found", "put", "fault"),
    [
        ('"to": "GONE"', '"to": "LOST"', "no state LOST"),
        ('"to": "GONE"', '"to": "NEW"', "no step leads to GONE"),
        ('["B"]', '["X"]', "no actor X"),
        ("ThingService.MakeThing", "ThingService.Make", "neither a method"),
        ("MakeThingResponse.thing", "MakeThingResponse.things", "neither a method"),
        ('"event": "rot"', '"event": "touch"', "leaves NEW twice"),
        ("ThingState", "OtherState", "no enum OtherState"),
    ],
)
def test_tables_against_the_contract_are_refused(tmp_path: Path, found: str, put: str, fault: str) -> None:
    """A table that names what does not exist, or decides one event twice, is refused."""
    root = write_contract(tmp_path, states=STATES.replace(found, put))
    with pytest.raises(GenerateError, match=fault):
        state_machines.load_machines(root / PACKAGE / "states.json", load_contract(root, PACKAGE))


def test_a_tree_holds_exactly_what_is_generated(tmp_path: Path) -> None:
    """Files are written once, left alone when they are right, deleted when nothing makes them any more."""
    (tmp_path / "kept.txt").write_text("by hand")
    assert write_tree(tmp_path, {"a/x.md": "1", "a/y.md": "2"}, "a/*.md") == ["a/x.md", "a/y.md"]
    assert write_tree(tmp_path, {"a/x.md": "1", "a/y.md": "3"}, "a/*.md") == ["a/y.md"]
    assert write_tree(tmp_path, {"a/x.md": "1"}, "a/*.md") == ["a/y.md"]
    assert write_tree(tmp_path, {"a/x.md": "1"}, "a/*.md") == []
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["kept.txt", "x.md"]


_ID = "  // Identifier of the request.\n  string request_id = 1;\n"
_READS = "returns (MakeThingResponse) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n  }"


def test_what_changes_something_carries_a_request_identifier(tmp_path: Path) -> None:
    """IDEMPOTENCY-ID-1: a method either only reads, and says so, or its request has a request_id."""
    reading = SERVICE.replace("returns (MakeThingResponse);", _READS)
    assert reading != SERVICE
    for name, service in (("writes", SERVICE), ("reads", reading.replace(_ID, ""))):
        contract = load_contract(write_contract(tmp_path / name, service=service), PACKAGE)
        assert "make_thing" in client_calls.call_modules(contract)["crex/client/_sync_calls.py"]
    for name, service, fault in (
        ("both", reading, "ThingService.MakeThing is marked NO_SIDE_EFFECTS"),
        ("neither", SERVICE.replace(_ID, ""), "ThingService.MakeThing has no request_id"),
    ):
        contract = load_contract(write_contract(tmp_path / name, service=service), PACKAGE)
        with pytest.raises(GenerateError, match=fault):
            client_calls.call_modules(contract)
