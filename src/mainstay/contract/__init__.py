"""What a record must look like: one source, compiled for a table, for one request, for OpenAPI, and for drift.

The law of this room: a record is accepted by the request decoder exactly when the one-row table is accepted by the
table check, and both encode to the same bits. That is what removes training/serving skew.
"""
