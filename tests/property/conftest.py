"""Hypothesis on shared, noisy machines: the number of examples counts, the clock doesn't."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("mainstay", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mainstay")
