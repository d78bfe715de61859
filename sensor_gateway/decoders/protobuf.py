"""Protobuf messages of which only some fields matter: the schema is written down here, in place of generated code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from sensor_gateway.messages import Undecodable

MOST_BYTES = 262_144
Field = tuple[str, int, str]


def message_class(package: str, messages: Mapping[str, Sequence[Field]]) -> Any:
    """The last of these messages as a class. A field is its name, its number and its type, `UINT32` or the name of
    another message, with a * before it where it is repeated. Fields that are not named are passed over."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, fields in messages.items():
        described = file.message_type.add(name=message)
        for name, number, kind in fields:
            label = kinds.LABEL_REPEATED if kind.startswith("*") else kinds.LABEL_OPTIONAL
            of, field = kind.removeprefix("*"), described.field.add(name=name, number=number, label=label)
            if of in messages:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".{package}.{of}"
            else:
                field.type = getattr(kinds, f"TYPE_{of}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{list(messages)[-1]}"))


def parsed(kind: Any, content: bytes) -> Any:
    """A message of a class; raises Undecodable `too_large` or `not_protobuf`."""
    if len(content) > MOST_BYTES:
        raise Undecodable("too_large")
    message = kind()
    try:
        message.ParseFromString(content)
    except (DecodeError, ValueError):
        raise Undecodable("not_protobuf") from None
    return message
