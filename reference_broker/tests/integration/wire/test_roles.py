"""Who may call what: every method of the contract, with every role, and without any."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

from crex import v1
from crex.client._errors import remote_error
from crex.errors import RemoteError
from crex_broker.application.roles import ADMIN, ROLES
from crex_broker.rpc.roles import METHOD_ROLES
from reference_broker.tests.wire import Operation, WireParty, failed, free_port, roots_pem

# What a call with nothing in it is told by a method that its caller may call, if it is refused at all.
_LOOKED_AT = frozenset({"SCHEMA", "JURISDICTION_BLOCKED"})


def methods() -> Iterator[MethodDescriptor]:
    """Every method of every service of the contract."""
    pool = descriptor_pool.Default()
    for path in Path(v1.__path__[0]).glob("*_service_pb2.py"):
        importlib.import_module(f"crex.v1.{path.stem}")
        file = pool.FindFileByName(f"crex/v1/{path.stem.removesuffix('_pb2')}.proto")
        for service in file.services_by_name.values():
            yield from service.methods


METHODS = {f"/{one.containing_service.full_name}/{one.name}": one for one in methods()}


@dataclass(frozen=True)
class Matrix:
    """A broker with one party for each role, who has that role and no other.

    Attributes:
        parties: The party of each role.
        bare_port: Where the broker listens for callers who present no certificate.
        roots_pem: Roots of the broker's certificate.
    """

    parties: dict[str, WireParty]
    bare_port: int
    roots_pem: bytes


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    """A broker and a party for each role."""
    port = free_port()
    operation = Operation.prepare(
        tmp_path_factory.mktemp("matrix"), more=f'listen_tokens = "127.0.0.1:{port}"\n'
    )
    parties = {role: operation.party(f"{role}.example", [role]) for role in sorted(ROLES - {ADMIN})}
    operation.start()
    roots = roots_pem(operation.identity.trust)
    try:
        yield Matrix({**parties, ADMIN: operation.operator}, port, roots)
    finally:
        operation.close()


def made(channel: grpc.Channel, target: str, path: str, request: bytes = b"") -> RemoteError | None:
    """Calls a method with raw bytes; gives the refusal, or nothing where it answered."""
    try:
        if METHODS[path].client_streaming:
            next(iter(channel.stream_stream(path, bytes, bytes)(iter([request]), timeout=10)), None)
        else:
            channel.unary_unary(path, bytes, bytes)(request, timeout=10)
    except grpc.RpcError as error:
        return remote_error(failed(error), target, path)
    return None


def test_every_method_of_the_contract_has_its_roles() -> None:
    """CHANNEL-METHOD-1: the table names every method of the contract and nothing else."""
    assert set(METHOD_ROLES) == set(METHODS)
    assert all(METHOD_ROLES.values())
    assert all(roles <= ROLES for roles in METHOD_ROLES.values())


@pytest.mark.parametrize("path", sorted(METHODS))
def test_a_method_is_open_to_its_roles_and_to_nobody_else(matrix: Matrix, path: str) -> None:
    """CHANNEL-METHOD-1, RPC-ORDER-1: whoever may not call is told so before the request is looked at."""
    for role, party in matrix.parties.items():
        with grpc.secure_channel(party.target, party.credentials()) as channel:
            refused = made(channel, party.target, path)
        if role in METHOD_ROLES[path]:
            assert refused is None or refused.reason in _LOOKED_AT, (role, refused)
        else:
            assert refused is not None, role
            assert (refused.reason, refused.code) == ("ROLE", "PERMISSION_DENIED")
            assert refused.details["method"] == path


@pytest.mark.parametrize("path", sorted(METHODS))
def test_nobody_is_served_without_a_certificate(matrix: Matrix, path: str) -> None:
    """CHANNEL-METHOD-1: every method refuses a caller that shows neither a certificate nor a token."""
    target = f"127.0.0.1:{matrix.bare_port}"
    with grpc.secure_channel(target, grpc.ssl_channel_credentials(matrix.roots_pem)) as channel:
        refused = made(channel, target, path)
    assert refused is not None
    assert (refused.reason, refused.code) == ("CERTIFICATE", "UNAUTHENTICATED")


def test_a_method_of_no_service_is_refused_like_any_other(matrix: Matrix) -> None:
    """UNSUPPORTED_METHOD comes after the certificate: a stranger does not learn what is served."""
    target, path = f"127.0.0.1:{matrix.bare_port}", "/crex.v1.NoService/NoMethod"
    credentials = grpc.ssl_channel_credentials(matrix.roots_pem)
    with grpc.secure_channel(target, credentials) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(path, bytes, bytes)(b"", timeout=10)
    assert remote_error(failed(caught.value), target, path).reason == "CERTIFICATE"
