"""The actions of both desks; each workspace gets its own file and `_outside.py`."""
