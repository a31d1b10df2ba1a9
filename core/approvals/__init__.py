"""Four eyes: what one member of staff proposes, another approves, and only then it happens."""
