"""Who is it? Bearer tokens, client certificates, and the tokens of service accounts.

Duty: turn what a client shows into a `User`; make tokens for service accounts.
Never: decide what he may do (that is `rbac`).
Read first: `authenticator`, then `tokens` (how one is made and how it dies), `jwt` (how it is signed).

Kubernetes: pkg/kubeapiserver/authenticator, pkg/serviceaccount
"""
