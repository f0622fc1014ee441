"""What the event log costs, and how fast it is shipped; `benchmarks/events.py` runs it."""
