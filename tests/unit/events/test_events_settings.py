"""What ``[events]`` can't mean is refused where it is read, not at three in the morning."""

from __future__ import annotations

import msgspec
import pytest

from mainstay.events import EventsSettings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"table": "s3://"}, "names no bucket"),
        ({"table": "s3:/bucket/log"}, "an object store is"),
        ({"table": "https://bucket/log"}, "an object store is"),
        ({"table": "file:///log"}, "an object store is"),
        ({"table": "~/log"}, "write the folder out"),
        ({"keep": "99999999999w"}, "longer than a hundred years"),
        ({"keep_segments": "999999999999d"}, "longer than a hundred years"),
        ({"keep_segments": "301d"}, "300d is the most"),
        ({"keep": "7d"}, "no longer than keep_segments"),
        ({"rate": 0.5}, 'set mode = "sample"'),
    ],
)
def test_what_cant_be_meant_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(given, EventsSettings)


@pytest.mark.parametrize(
    "table", ["", "log", "/var/log/churn", "s3://bucket", "gs://bucket/log", "abfss://c@a.host/log"]
)
def test_folders_and_buckets_are_places_of_a_table(table: str) -> None:
    assert msgspec.convert({"table": table, "keep": "36525d"}, EventsSettings).table == table
