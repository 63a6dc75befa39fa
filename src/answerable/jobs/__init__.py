"""Durable work: a job that was given is done, whatever is killed when."""

from answerable.jobs.jobs import Jobs

__all__ = ["Jobs"]
