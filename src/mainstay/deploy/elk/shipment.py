"""`Shipment`: whose events go where; and the mark that is in every file."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import msgspec

from mainstay.events import STREAMS

MARK = "Written by mainstay export elk"


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """An event log that is sent to Elasticsearch.

    Parameters
    ----------
    model : str
        The model's name.
    events : str
        Folder of the log: ``<events>/<stream>/*.jsonl``.
    state : str
        Folder in which a shipper notes how far it is.
    elasticsearch : str
        Where Elasticsearch answers, ``"http://host:port"``.
    keep : float, optional
        Seconds that events stay; for ever without it.

    """

    model: str
    events: str
    state: str
    elasticsearch: str = "http://127.0.0.1:9200"
    keep: float | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the log, as a pattern for each kind of event; what else lies beside them is none of it."""
        return tuple(f"{self.events}/{stream}/*.jsonl" for stream in STREAMS)

    @property
    def host(self) -> str:
        """Host of Elasticsearch; of an IPv6 address without its brackets."""
        return urlsplit(self.elasticsearch).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """Port of Elasticsearch."""
        return urlsplit(self.elasticsearch).port or (443 if self.tls else 9200)

    @property
    def tls(self) -> bool:
        """Whether Elasticsearch speaks TLS."""
        return urlsplit(self.elasticsearch).scheme == "https"


def listed(texts: tuple[str, ...]) -> str:
    """Write texts as a list, as YAML reads it, one a line.

    Examples
    --------
    >>> print(listed(("a", "b")))
    [
          "a",
          "b"
        ]

    """
    return "[\n" + ",\n".join(f"      {quoted(text)}" for text in texts) + "\n    ]"


def quoted(text: str) -> str:
    r"""Write a text as YAML and rsyslog read it.

    Examples
    --------
    >>> print(quoted('a "b"'))
    "a \"b\""

    """
    return json.dumps(text, ensure_ascii=False)
