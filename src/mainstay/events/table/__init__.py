"""The event log as Delta tables, one for each stream: where sealed segments are committed, exactly once.

place      where a table is, and opening it
schemas    its columns, and the types that the features of a contract have there
lines      the lines of a segment as rows
shipping   sealed segments are committed, exactly once
shipped    which segments a table holds
care       few and large files, nothing older than it should be
rows       rows read back: as columns of the line's fields, or as events
union      table and segments, each event once

Polars and deltalake are imported where they are used: who only looks at segments, as a serving worker does, loads
neither.
"""
