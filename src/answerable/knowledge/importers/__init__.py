"""Reads articles from where people have them: a folder or an archive of files, a JSONL file, a site."""
