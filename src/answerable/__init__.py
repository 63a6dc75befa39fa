"""Answerable: a self-hosted operating model for customer support."""

__version__ = "0.1.0"
