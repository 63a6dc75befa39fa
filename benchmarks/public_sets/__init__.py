"""What the retrieval benchmarks share: reading the public sets, building an index of them, printing tables."""
