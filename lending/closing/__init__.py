"""The day end of one bank, as stages that are statements over all its loans; see the room's README."""
