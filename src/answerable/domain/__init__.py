"""The nouns: frozen records that every room may import."""
