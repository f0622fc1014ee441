"""How boosted trees are grown on folds in step, which shapes are tried, and how the best few become one model."""
