"""Past conversations of the demo company: written down as plain records, then replayed through the product's doors."""
