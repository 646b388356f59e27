"""One file a schema, each named by its revision."""
