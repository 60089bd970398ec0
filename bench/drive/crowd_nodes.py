"""The same as `crowd`, at two nodes that share a PostgreSQL."""

from . import crowd

# It rings once.
IN_ROUNDS = False


def measure(bench):
    """Gives the section's text."""
    return crowd.at(bench, "two nodes, PostgreSQL", ["first", "second"])
