"""Structural schemas: what a CustomResourceDefinition says about the shape of its objects, and what follows from it.

A schema is a plain dict, the `openAPIV3Schema` that people write. Each file is one thing that is done with a schema
and a value: `pruning` drops what the schema does not know, `defaulting` fills in what was left unsaid, `values` says
what does not fit, `listtypes` what may not be there twice, `rules` asks the expressions. `wellformed` judges the
schema itself, `shapes` says how objects are merged by server-side apply.
Never: know of a server, or of requests.
Read first: `pruning`, then `values`.

Kubernetes: staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema
"""
