"""How fast it is: `make bench`. Read `simulated` and `scheduling` (no sockets), and `served` (over TLS)."""
