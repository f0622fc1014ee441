"""An open-loop client, and what it saw."""
