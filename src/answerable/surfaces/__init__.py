"""The doors for customers, one hallway for each surface."""
