"""How true it is: what Kubernetes answered, asked again of us, and the two compared.

`tests/fidelity/exchanges/AREA/NAME.yaml` holds stories: requests in a row, each with what Kubernetes v1.36 answered.
`tests/fidelity/kubectl.yaml` holds command lines with what kubectl printed. `tests/fidelity/README.md` tells the form
of both. `python -m tools.fidelity` plays the stories and prints the score; it also writes the ledger,
`docs/fidelity.md`.

Read first: `stories` (how one is played), then `patterns` (when an answer counts as the same), `worlds` (against whom),
`kubectl`, `ledger`.
"""
