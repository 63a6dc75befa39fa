"""What `./dev` does: it installs, starts, tests, checks and locks a checkout, with the standard library alone."""
