"""OpenAPI 3.1 of the server: each door says what its calls are, the contracts say what a record is.

A door describes itself by `describe() -> Described`, made of the words in `mainstay.serving.openapi.parts`.
"""

from mainstay.serving.openapi.document import Describes, openapi, openapi_of
from mainstay.serving.openapi.native import examples
from mainstay.serving.openapi.parts import Described, Example, Schema

__all__ = ["Described", "Describes", "Example", "Schema", "examples", "openapi", "openapi_of"]
