"""What ``kubectl get`` prints: the columns of every kind, and a row of cells for every object.

The server makes the table, not kubectl: that is why kubectl can print kinds that it has never heard of.
Duty: pure functions from objects to ``meta.k8s.io/v1`` Tables and PartialObjectMetadata.
Never: ask the store, or know the time (it is told).
Read first: `columns.txt` (which columns), `cells` (how a cell is read), `table` (the answer); the odd cells
are in `pods`, `networking`, `workloads`, `scaling` and `cluster`.

Kubernetes: pkg/printers/internalversion/printers.go, apiserver/pkg/endpoints/handlers/response.go
"""

from k8slearn.apiserver.tables.columns import Column, columns
from k8slearn.apiserver.tables.table import check_include, partial, partial_list, row, table

__all__ = ["Column", "check_include", "columns", "partial", "partial_list", "row", "table"]
