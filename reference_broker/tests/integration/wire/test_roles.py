"""Who may call what: every method of the contract, with every role."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

from crex import v1
from crex.client._errors import remote_error
from crex.errors import RemoteError
from crex_broker.rpc.roles import METHOD_ROLES
from reference_broker.tests.integration.wire.conftest import Market
from reference_broker.tests.wire import WireParty, failed


def methods() -> Iterator[MethodDescriptor]:
    """Every method of every service of the contract."""
    pool = descriptor_pool.Default()
    for path in Path(v1.__path__[0]).glob("*_service_pb2.py"):
        importlib.import_module(f"crex.v1.{path.stem}")
        file = pool.FindFileByName(f"crex/v1/{path.stem.removesuffix('_pb2')}.proto")
        for service in file.services_by_name.values():
            yield from service.methods


METHODS = {f"/{one.containing_service.full_name}/{one.name}": one for one in methods()}


def call(party: WireParty, path: str, request: bytes = b"") -> RemoteError | None:
    """Calls a method with raw bytes; gives the refusal, or nothing where it answered."""
    with grpc.secure_channel(party.target, party.credentials()) as channel:
        try:
            if METHODS[path].client_streaming:
                next(iter(channel.stream_stream(path, bytes, bytes)(iter([request]), timeout=10)), None)
            else:
                channel.unary_unary(path, bytes, bytes)(request, timeout=10)
        except grpc.RpcError as error:
            return remote_error(failed(error), party.target, path)
    return None


def test_every_method_of_the_contract_has_its_roles() -> None:
    """CHANNEL-METHOD-1: the table names every method of the contract and nothing else."""
    assert set(METHOD_ROLES) == set(METHODS)
    assert all(METHOD_ROLES.values())


@pytest.mark.parametrize("path", sorted(METHODS))
def test_a_method_is_open_to_its_roles_and_to_nobody_else(market: Market, path: str) -> None:
    """CHANNEL-METHOD-1, RPC-ORDER-1: whoever may not call is told so before the request is looked at."""
    for party, role in (
        (market.provider, "provider"),
        (market.consumer, "consumer"),
        (market.publisher, "publisher"),
        (market.operator, "admin"),
    ):
        refused = call(party, path)
        if role in METHOD_ROLES[path]:
            assert refused is None or refused.reason == "SCHEMA", (role, refused)
        else:
            assert refused is not None, role
            assert (refused.reason, refused.code) == ("ROLE", "PERMISSION_DENIED")
            assert refused.details["method"] == path
