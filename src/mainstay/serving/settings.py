"""The ``[serving]`` section."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from mainstay.registry import Key, PublicKey

Positive = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Collector = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(https?://\S+)?$",
        extra_json_schema={"description": 'an address with its scheme, as in "http://127.0.0.1:4318"'},
    ),
]
Scores = Annotated[
    Annotated[int, msgspec.Meta(ge=0)] | Literal["auto"],
    msgspec.Meta(extra_json_schema={"description": '"auto", or a whole number of at least 0'}),
]
Count = Annotated[int, msgspec.Meta(ge=1)]


class ServingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of the server. Where one server serves several projects, the widest of the time limits holds.

    Parameters
    ----------
    max_body : int
        Bytes a request's body may have, after inflation.
    max_records : int
        Records one request may hold.
    max_head : int
        Bytes a request's line and headers may have.
    max_connections : int
        Connections a worker holds at once; who comes then is told to come again.
    read_seconds : float
        How long a client may take to send a request, and to go on taking its answer.
    keep_alive_seconds : float
        How long a connection may be idle between two requests.
    drain_seconds : float
        How long requests under way are waited for when the server is asked to end.
    poll_seconds : float
        How often the release history is read.
    grpc_port : int
        Where the Open Inference Protocol is answered over gRPC (the extra ``grpc``); 0: nowhere.
    max_explained : int
        Records one request may have explained.
    explain_seconds : float
        What the explanations of one request may take where they are sampled; what is found until then is answered.
    cache : {"auto"} or int
        How many scores each worker keeps, to be given again to records of the same values; 0 for none. "auto" keeps
        some where it pays: where the version was measured to take longer than half a millisecond, and isn't a function
        of the project's own. None are kept of versions with feature code, nor given while others answer beside the
        champion or are compared with it.
    deadline_seconds : float
        How long a request may take that a slow model answers (one that isn't compiled, or runs code of the project's
        own). Then the version's fallback answers, marked as degraded; without a fallback it is refused with 503.
    queue_seconds : float
        How long a request may wait for its turn where requests come in bursts; who would wait longer is refused with
        503 at once. For a slow model, where more comes than it can answer, the limit is twice what one record takes.
    breaker_share : float
        Share of what an arm is asked within five seconds that has to fail for it to be taken out of rotation.
    breaker_seconds : float
        What a canary, an arm of a test or a shadow may take for a record; longer counts as a failure of it.
    otel : str
        Address of an OpenTelemetry collector that takes spans of requests by OTLP over HTTP, as in
        ``"http://127.0.0.1:4318"``; empty for what ``OTEL_EXPORTER_OTLP_ENDPOINT`` says, and without that for none.
    shadow_share : float
        Share of a worker's time that shadows may take, after the answers are out; what doesn't fit isn't compared.
    trust : tuple of str
        sha256 of code that may run here (a ``features.py``, a function, a pickle), and types by their full names that
        may be built, beside those this machine trained with or adopted; read anew whenever a version is loaded.
    keys : tuple of str
        Public keys whose versions answer here (``"ed25519:<base64>"``), beside those in ``.mainstay/keys``; where there
        is any, a version that none of them signed isn't loaded. Read anew whenever a version is loaded.

    """

    max_body: Count = 16 * 1024 * 1024
    max_records: Count = 1000
    max_head: Count = 64 * 1024
    max_connections: Count = 4096
    max_explained: Count = 100
    explain_seconds: Positive = 0.25
    cache: Scores = "auto"
    read_seconds: Positive = 30.0
    keep_alive_seconds: Positive = 75.0
    drain_seconds: Positive = 10.0
    poll_seconds: Positive = 0.2
    deadline_seconds: Positive = 5.0
    queue_seconds: Positive = 0.25
    breaker_share: Share = 0.5
    breaker_seconds: Positive = 1.0
    shadow_share: Share = 0.04
    otel: Collector = ""
    grpc_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    trust: tuple[Key, ...] = ()
    keys: tuple[PublicKey, ...] = ()


def widest(settings: list[ServingSettings]) -> ServingSettings:
    """Combine the settings of several projects into those of the one process that serves them.

    Examples
    --------
    >>> widest([ServingSettings(read_seconds=5), ServingSettings(read_seconds=60)]).read_seconds
    60.0

    """
    return ServingSettings(
        max_body=max(each.max_body for each in settings),
        max_records=max(each.max_records for each in settings),
        max_head=max(each.max_head for each in settings),
        max_connections=max(each.max_connections for each in settings),
        read_seconds=float(max(each.read_seconds for each in settings)),
        keep_alive_seconds=float(max(each.keep_alive_seconds for each in settings)),
        drain_seconds=float(max(each.drain_seconds for each in settings)),
        poll_seconds=float(min(each.poll_seconds for each in settings)),
        otel=next((each.otel for each in settings if each.otel), ""),
        grpc_port=max(each.grpc_port for each in settings),
    )
