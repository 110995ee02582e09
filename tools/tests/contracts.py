"""Tiny contracts of the tests' own, on which the generator is tried."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "crex/v1"

NOUN = """\
// Things of the test. Source: proto/spec/things.md.
syntax = "proto3";

package crex.v1;

import "crex/v1/constraint.proto";
import "google/protobuf/timestamp.proto";

// Represents a thing
// over two lines.
//
// It has a second paragraph with a | in it.
message Thing {
  option (document) = {
    type: "thing"
    descriptive: true
    expires: true
    signer: "provider"
  };
  // Name of the thing.
  optional string thing_name = 1 [(constraint) = {
    required: true
    format: STRING_FORMAT_TOKEN
    min_length: 2
    max_length: 8
    requirements: "THING-NAME-1"
  }];
  oneof shape {
    // A round thing.
    int64 radius = 2 [(constraint) = {min: 1}];
    // A thing of parts.
    Part part = 3;
  }
  // Parts by token.
  map<string, Part> parts = 4 [(constraint) = {format: STRING_FORMAT_TOKEN}];
  // When it was made.
  repeated google.protobuf.Timestamp made = 5 [(constraint) = {max_items: 3}];

  // Represents a part.
  message Part {
    // How much.
    optional int32 much = 1;
  }
}

// Represents how a thing is.
enum ThingState {
  // Not stated.
  THING_STATE_UNSPECIFIED = 0;
  // It is new.
  THING_STATE_NEW = 1;
  // It is gone. Terminal.
  THING_STATE_GONE = 2;
}
"""

SERVICE = """\
// Doing things. Source: proto/spec/things.md.
syntax = "proto3";

package crex.v1;

import "crex/v1/thing.proto";

// What can be done with things.
service ThingService {
  // Makes a thing. It takes a while.
  rpc MakeThing(MakeThingRequest) returns (MakeThingResponse);
  // Tells of things as they change.
  rpc WatchThings(WatchThingsRequest) returns (stream Thing);
}

// Asks for a thing.
message MakeThingRequest {
  // Identifier of the request.
  string request_id = 1;
}

// Gives the thing.
message MakeThingResponse {
  // The thing.
  Thing thing = 1;
}

// Asks to watch.
message WatchThingsRequest {}
"""

STATES = """\
{"machines": [{"object": "thing", "enum": "ThingState", "requirement": "STATE-THING-1", "transitions": [
  {"from": [], "event": "make", "actors": ["P"], "to": "NEW", "source": "rpc:ThingService.MakeThing"},
  {"from": ["NEW"], "event": "touch", "actors": ["P", "C"], "to": "NEW", "guard": "clean \\"hands\\"",
   "source": "stream:MakeThingResponse.thing"},
  {"from": ["NEW"], "event": "rot", "actors": ["B"], "to": "GONE", "source": "timer:rot"}
]}]}
"""


def write_contract(folder: Path, *, noun: str = NOUN, service: str = SERVICE, states: str = STATES) -> Path:
    """Writes a contract with the real constraint options; gives its proto root."""
    root = folder / "proto"
    package = root / PACKAGE
    package.mkdir(parents=True)
    shutil.copy(ROOT / "proto" / PACKAGE / "constraint.proto", package)
    (package / "thing.proto").write_text(noun, "utf-8")
    (package / "thing_service.proto").write_text(service, "utf-8")
    (package / "states.json").write_text(states, "utf-8")
    return root
