"""One repository a port: statements over the open connection of a transaction."""
