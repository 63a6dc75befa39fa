"""Calls to language, embedding and speech models; the embedded and the scripted one."""
