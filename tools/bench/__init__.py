"""How fast it is: `make bench`. Read `simulated`, `scheduling` and `large` (no sockets), and `served` (over TLS)."""
