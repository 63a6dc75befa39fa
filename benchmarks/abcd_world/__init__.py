"""The online shop of ABCD as a workspace of this program: its buttons as actions, its rules as clauses."""
