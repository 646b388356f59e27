"""One engine of one's own."""
