"""The Website operator as a file of its own: the same in a simulation and against any cluster.

CRD=k8slearn/operators/crds/websites.yaml
k8slearn run examples/operators/websites.py --apply $CRD --apply examples/shop/website.yaml

kubectl apply -f $CRD -f examples/shop/website.yaml
k8slearn run examples/operators/websites.py --kubeconfig PATH
"""

from k8slearn.operators import WebsiteController

OPERATORS = [WebsiteController]
