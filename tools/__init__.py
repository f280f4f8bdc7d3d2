"""The developer's tools: `python -m tools` lists the jobs. Nothing in here is needed to use k8slearn."""
