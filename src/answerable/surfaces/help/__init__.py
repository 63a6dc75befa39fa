"""The help centre: what we know, as pages that need no JavaScript."""
