"""API aggregation: whole groups that another server serves, behind our door.

Duty: for a group and version that an APIService hands on, say in discovery what the other server has, and
pass requests on to it, with the name of the user in their headers.
Never: pass on what has not been authenticated and authorised here; believe what a client says in those
headers.
Read first: `registered` (which groups), `proxy` (a request on its way), `discovery` (what is merged),
`elsewhere` (the same for controllers in this process), `local` (our own groups).

Kubernetes: k8s.io/kube-aggregator
"""
