"""mainstay's server side by side with others', in one run on one machine; `benchmarks/serving.py` runs it."""
