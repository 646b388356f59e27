"""Where data come from: the only package that speaks to the network."""
