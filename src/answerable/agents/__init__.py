"""Answering one turn; the only room that knows the Agents SDK."""
