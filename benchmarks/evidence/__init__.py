"""Does SDE help, where, and which preset should a user take? PROTOCOL.md says how this is found out."""
