"""mainstay."""
