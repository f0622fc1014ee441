"""What a server tells of itself: counts that all its workers share, and the trace a request belongs to.

`cells` are numbers in shared memory; `counts` and `tally` give them names, labels and verbs; `metrics` is the list of
what is counted; `page` writes it down for Prometheus.
"""
