from k8slearn.machinery import Controller


class NodeLifecycleController(Controller):
    name = "node-lifecycle-controller"
    room = "controllers"
    primary = "nodes"

    def reconcile(self, key):
        return None
