"""Two lines of one store put together: name by name, label by label, and with a remote."""
