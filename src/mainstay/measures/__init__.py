"""Numbers in, numbers out: findings, scores, money, distances, intervals. No files, network or clock."""
