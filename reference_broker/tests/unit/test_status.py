"""The status of a refused call: it reaches the caller, whatever the refusal repeats of the request."""

from google.rpc import error_details_pb2, status_pb2

from crex.errors import CrexError, Violation
from crex_broker.rpc.codes import status_of

_TRAILERS_BYTES = 8192


def trailers(status: status_pb2.Status) -> int:
    """How long the trailers of a status are: the message percent-encoded, the status in base64."""
    message: int = sum(1 if 0x20 <= byte <= 0x7E and byte != 0x25 else 3 for byte in status.message.encode())
    return message + int(status.ByteSize()) * 4 // 3 + 4


def test_the_status_of_a_huge_refusal_fits_into_the_trailers() -> None:
    """Long texts are cut, and the reason and the first violation remain (ERROR-REASON-1)."""
    long = "量" * 100_000
    violations = [Violation(f"$.{long}", long, "JSON-NUL-1", long) for _ in range(100)]
    error = CrexError("SCHEMA", long, violations=violations, details=dict.fromkeys("abcdef", long))
    status = status_of(error, "r" * 64)
    assert trailers(status) < _TRAILERS_BYTES - 512
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    assert (info.reason, info.metadata["request_id"]) == ("SCHEMA", "r" * 64)
    assert bad.field_violations[0].reason == "JSON-NUL-1"
    assert status.message.endswith("…")


def test_a_short_refusal_is_told_whole() -> None:
    """What fits is not cut."""
    violations = [Violation(f"$.a[{at}]", "wrong", "JSON-NUL-1", "Mend it.") for at in range(16)]
    status = status_of(CrexError("SCHEMA", "It is wrong.", violations=violations, details={"a": "b"}), "r")
    bad = error_details_pb2.BadRequest()
    assert status.message == "It is wrong."
    assert status.details[1].Unpack(bad)
    assert [each.field for each in bad.field_violations] == [each.path for each in violations]
    assert bad.field_violations[0].description == "wrong. Mend it."


def test_a_refusal_that_may_pass_says_when_to_try_again() -> None:
    """A passing reason with violations has both details."""
    error = CrexError("STORAGE_UNAVAILABLE", "Busy.", violations=[Violation("$", "x")])
    retry = error_details_pb2.RetryInfo()
    status = status_of(error, "r")
    assert [detail.TypeName() for detail in status.details] == [
        "google.rpc.ErrorInfo",
        "google.rpc.BadRequest",
        "google.rpc.RetryInfo",
    ]
    assert status.details[2].Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() > 0
