"""The Open Inference Protocol over gRPC: ``inference.GRPCInferenceService``, in the worker, on its event loop.

::

    messages.py  the protocol's messages, made from the lines of its .proto
    wire.py      how many parts a message unfolds into, before it is unfolded
    reading.py   a request's tensors
    door.py      a request to infer, as a door
    service.py   the calls
    server.py    the port: metadata in, status out, start and drain

gRPC and protobuf are imported where a port is opened, and nowhere else.
"""

from mainstay.serving.doors.oip.rpc.server import RpcServer, demand_grpc

__all__ = ["RpcServer", "demand_grpc"]
