from __future__ import annotations


class StackError(Exception):
    """Say what went wrong and what to do next, in words for the person at the terminal."""

    def __init__(self, message: str, *, hint: str = "", log: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.log = log

    def __str__(self) -> str:
        parts = [self.message]
        if self.log:
            parts += ["The last lines of its log:", *(f"    {line}" for line in self.log.splitlines())]
        if self.hint:
            parts.append(f"What to do: {self.hint}")
        return "\n".join(parts)


def hint_for(output: str) -> str:
    """Guess the next step from what a failed server said; empty when nothing is recognised."""
    if "No space left on device" in output:
        return "the disk is full: free some space and run the same command again."
    if "could not map anonymous shared memory" in output or "Cannot allocate memory" in output:
        return "the machine has too little free memory (about 1 GB is needed): close something and try again."
    if "could not look up effective user ID" in output:
        return "the current user id has no name in /etc/passwd, which PostgreSQL needs: run as a named user."
    return ""
