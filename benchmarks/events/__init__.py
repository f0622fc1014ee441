"""What the event log costs and how fast it is read; `benchmarks/events.py` runs it."""
