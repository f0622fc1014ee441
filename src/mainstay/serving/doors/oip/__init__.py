"""The Open Inference Protocol v2 (KServe, Triton, MLServer): tensors in, tensors out, as JSON or as raw bytes.

https://github.com/open-inference/open-inference-protocol, with Triton's extension of binary tensors.

::

    head.py      the JSON of a request; which bytes belong to which tensor
    datatypes.py the types of elements
    cells.py     one tensor's elements as plain values
    inputs.py    what may be sent, by the contracts of those who answer
    records.py   tensors -> one record for each place, by the contract
    outputs.py   answers -> tensors
    reply.py     tensors -> the body of a reply
    metadata.py  what a model takes and gives
    door.py      all of it, as a door
    repository.py which models and versions there are
    describing.py the calls in OpenAPI
    addresses.py where all this is over HTTP
"""

from mainstay.serving.doors.oip.addresses import Addresses
from mainstay.serving.doors.oip.door import OipDoor

__all__ = ["Addresses", "OipDoor"]
