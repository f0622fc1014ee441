"""The wire: bytes on a connection become a request with limits, and an answer becomes bytes.

::

    protocol   one connection: what a client may hold, and how long it may take
    direct     the short way: a plain request is answered where its last byte arrives
    heads      heads of plain requests that were read before
    intake     headers and a body, with a cap on everything a client can make large
"""
