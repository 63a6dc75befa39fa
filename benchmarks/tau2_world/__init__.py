"""The two public support desks of tau2-bench, retail and airline, as outside systems and workspaces of this program."""
