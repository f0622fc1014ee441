"""Who may ask, how often, and over what: API keys, their scopes and rates, and TLS."""

from mainstay.serving.guard.guard import Guard
from mainstay.serving.guard.keys import SCOPES, ApiKey, Need, Scope
from mainstay.serving.guard.store import KeyFile, key_file

__all__ = ["SCOPES", "ApiKey", "Guard", "KeyFile", "Need", "Scope", "key_file"]
