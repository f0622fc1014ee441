"""A fitted model in the hand: load, predict, explain. `Candidate`, `Report` and `Verdict` live here too."""
