"""What we know: importing, cutting into passages, searching, quoting."""
