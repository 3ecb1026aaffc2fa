"""TensorFlow Serving's messages, as `messages.proto` declares them.

The classes are made from its compiled form, `messages.binpb`: Python code that protoc generates
works with only two major versions of protobuf, a compiled declaration with all.
"""

from __future__ import annotations

from importlib.resources import files

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message_factory import GetMessages

_COMPILED = files(__package__).joinpath("messages.binpb").read_bytes()
_CLASSES = GetMessages(FileDescriptorSet.FromString(_COMPILED).file)

DESCRIPTOR = _CLASSES["kvae.serving.TensorProto"].DESCRIPTOR.file
globals().update(
    {name: _CLASSES[each.full_name] for name, each in DESCRIPTOR.message_types_by_name.items()},
    **{each.name: each.number for each in DESCRIPTOR.enum_types_by_name["DataType"].values},
)
