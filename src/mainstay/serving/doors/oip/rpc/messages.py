"""The protocol's messages, made from the lines of its ``.proto`` when a port is opened.

Generated code would be a thousand lines that nobody reads, tied to one version of protobuf, and would claim the names
of these messages in the process, which Triton's own client claims as well. These live in a pool of their own. A test
holds every field against the client's.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from mainstay.extras import need

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = "inference"
SERVICE = f"{PACKAGE}.GRPCInferenceService"

PROTO: dict[str, str] = {
    "ServerLiveRequest": "",
    "ServerLiveResponse": "bool live = 1",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "bool ready = 1",
    "ModelReadyRequest": "string name = 1; string version = 2",
    "ModelReadyResponse": "bool ready = 1",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "string name = 1; string version = 2; repeated string extensions = 3",
    "ModelMetadataRequest": "string name = 1; string version = 2",
    "ModelMetadataResponse.TensorMetadata": "string name = 1; string datatype = 2; repeated int64 shape = 3",
    "ModelMetadataResponse": """
        string name = 1; repeated string versions = 2; string platform = 3;
        repeated ModelMetadataResponse.TensorMetadata inputs = 4;
        repeated ModelMetadataResponse.TensorMetadata outputs = 5
    """,
    "InferParameter": """
        oneof bool bool_param = 1; oneof int64 int64_param = 2; oneof string string_param = 3;
        oneof double double_param = 4; oneof uint64 uint64_param = 5
    """,
    "InferTensorContents": """
        repeated bool bool_contents = 1; repeated int32 int_contents = 2; repeated int64 int64_contents = 3;
        repeated uint32 uint_contents = 4; repeated uint64 uint64_contents = 5; repeated float fp32_contents = 6;
        repeated double fp64_contents = 7; repeated bytes bytes_contents = 8
    """,
    "ModelInferRequest.InferInputTensor": """
        string name = 1; string datatype = 2; repeated int64 shape = 3; map InferParameter parameters = 4;
        InferTensorContents contents = 5
    """,
    "ModelInferRequest.InferRequestedOutputTensor": "string name = 1; map InferParameter parameters = 2",
    "ModelInferRequest": """
        string model_name = 1; string model_version = 2; string id = 3; map InferParameter parameters = 4;
        repeated ModelInferRequest.InferInputTensor inputs = 5;
        repeated ModelInferRequest.InferRequestedOutputTensor outputs = 6;
        repeated bytes raw_input_contents = 7
    """,
    "ModelInferResponse.InferOutputTensor": """
        string name = 1; string datatype = 2; repeated int64 shape = 3; map InferParameter parameters = 4;
        InferTensorContents contents = 5
    """,
    "ModelInferResponse": """
        string model_name = 1; string model_version = 2; string id = 3; map InferParameter parameters = 4;
        repeated ModelInferResponse.InferOutputTensor outputs = 5; repeated bytes raw_output_contents = 6
    """,
    "ModelStreamInferResponse": "string error_message = 1; ModelInferResponse infer_response = 2",
    "RepositoryIndexRequest": "string repository_name = 1; bool ready = 2",
    "RepositoryIndexResponse.ModelIndex": "string name = 1; string version = 2; string state = 3; string reason = 4",
    "RepositoryIndexResponse": "repeated RepositoryIndexResponse.ModelIndex models = 1",
}
"""Messages by name; ``map X`` stands for ``map<string, X>``, and ``oneof`` for a field of the message's one choice."""

_FIELD = re.compile(r"(repeated |oneof |map |)([\w.]+) (\w+) = (\d+)")


@cache
def messages() -> Mapping[str, Any]:
    """Make the messages' classes, by name.

    Raises
    ------
    SetupError
        Where protobuf isn't here.

    """
    descriptors = need("google.protobuf.descriptor_pb2", "Answering over gRPC", "grpc")
    pools = need("google.protobuf.descriptor_pool", "Answering over gRPC", "grpc")
    factory = need("google.protobuf.message_factory", "Answering over gRPC", "grpc")
    file = descriptors.FileDescriptorProto(name="mainstay/inference.proto", package=PACKAGE, syntax="proto3")
    made: dict[str, Any] = {}
    for name in sorted(PROTO, key=lambda name: name.count(".")):  # the outer ones first
        outer, _, inner = name.rpartition(".")
        made[name] = (made[outer].nested_type if outer else file.message_type).add(name=inner or name)
    for name, lines in PROTO.items():
        for field in _FIELD.finditer(lines):
            _add_field(made[name], name, field)
    pool = pools.DescriptorPool()
    pool.Add(file)
    return {name: factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in PROTO}


def _add_field(message: Any, owner: str, found: re.Match[str]) -> None:
    label, kind, name, number = found[1].strip(), found[2], found[3], int(found[4])
    field = message.field.add(name=name, number=number)
    field.label = field.LABEL_REPEATED if label in ("repeated", "map") else field.LABEL_OPTIONAL
    if label == "map":
        _make_map(message, field, owner, kind)
    elif kind in PROTO:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    else:
        field.type = getattr(field, f"TYPE_{kind.upper()}")
    if label == "oneof":
        if not message.oneof_decl:
            message.oneof_decl.add(name="parameter_choice")
        field.oneof_index = 0


def _make_map(message: Any, field: Any, owner: str, kind: str) -> None:
    """Write ``map<string, kind>`` as protobuf does: a repeated message of a key and a value."""
    entry = message.nested_type.add(name=f"{field.name.capitalize()}Entry")
    entry.options.map_entry = True
    key = entry.field.add(name="key", number=1, label=field.LABEL_OPTIONAL)
    key.type = key.TYPE_STRING
    value = entry.field.add(name="value", number=2, label=field.LABEL_OPTIONAL, type_name=f".{PACKAGE}.{kind}")
    value.type = value.TYPE_MESSAGE
    field.type, field.type_name = field.TYPE_MESSAGE, f".{PACKAGE}.{owner}.{entry.name}"
