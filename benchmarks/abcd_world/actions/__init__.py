"""The buttons of its agents."""
