"""Chinese: dates that stand under each other in lists."""
