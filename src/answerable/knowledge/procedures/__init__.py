"""Procedures: reading their files, and finding every fault in them before a customer does."""
