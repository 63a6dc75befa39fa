"""The reps' door, as a program uses it."""
