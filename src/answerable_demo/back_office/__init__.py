"""Ledgerly's back office: a small HTTP service of its own, with a real database, that actions call."""
