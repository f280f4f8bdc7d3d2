"""How fast it is: `make bench`. Read `simulated` (no sockets) and `served` (over TLS)."""
