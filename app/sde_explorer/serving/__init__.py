"""Who may see what: the rules of a server, the doors that hold them, and what it writes down. See docs/deploy.md."""
