"""How to get in: a kubeconfig, one of its contexts, and the HTTP client that follows from them.

Files, certificates and tokens are lightkube's business. What it leaves out and people's kubeconfigs have is here:
plugins of today's version (`execplugin`), `proxy-url`, paths that are relative to the kubeconfig.

Kubernetes: client-go/tools/clientcmd, client-go/rest/config.go
"""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import yaml
from lightkube.config.client_adapter import ConnectionParams
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from k8slearn.live.execplugin import ExecPlugin

TIMEOUT = 30.0  # seconds
USER_AGENT = "k8slearn"  # of which servers make the name of a field manager


class NoConfig(Exception):
    """It is not known where the API server is, or how to get in. The message says what to do."""


def find(kubeconfig: Path | None = None, context: str = "") -> SingleConfig:
    """One context of a file; without a file: of a pod's own, of $KUBECONFIG, of ~/.kube/config. Raises NoConfig."""
    try:
        found = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
        config = found.get(context or None)
    except (ConfigError, OSError) as error:
        raise NoConfig(f"{error}; name a file with --kubeconfig") from None
    except KeyError as missing:
        raise NoConfig(f"{_called(kubeconfig)} names {missing}, which is not in it") from None
    except (ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise NoConfig(f"{_called(kubeconfig)} is no kubeconfig: {error}") from None
    if config is None:
        raise NoConfig("no kubeconfig was found, and this is no pod; name a file with --kubeconfig")
    return config


def _called(kubeconfig: Path | None) -> str:
    return str(kubeconfig or os.environ.get("KUBECONFIG", "the kubeconfig"))


def http_client(config: SingleConfig) -> httpx2.Client:
    """Speaks to the server of that context, as its user. Raises NoConfig."""
    user = _with_whole_paths(config.user or User(), config)
    config = config._replace(user=user)
    parameters = ConnectionParams(
        timeout=httpx2.Timeout(TIMEOUT),
        trust_env=not _is_here(config.cluster.server),
        proxy=_more_of(config).get("proxy-url"),
    )
    try:
        given = parameters.httpx_params(config)
        if user.exec and not (user.token or user.token_file):
            given["auth"] = ExecPlugin(user.exec, given["verify"])
        return httpx2.Client(**given, headers={"User-Agent": USER_AGENT})
    except (ConfigError, OSError, ValueError) as error:
        raise NoConfig(f"context {config.context_name}: {error}") from None


def _with_whole_paths(user: User, config: SingleConfig) -> User:
    """A path in a kubeconfig begins where the kubeconfig is, wherever we are."""
    if user.token_file:
        user.token_file = str(config.abs_file(user.token_file))
    if user.exec and os.sep in user.exec.command:
        user.exec.command = str(config.abs_file(user.exec.command))
    return user


def _is_here(server: str) -> bool:
    """Nobody goes through a proxy to his own machine. Go: net/http, ProxyFromEnvironment"""
    host = urlsplit(server).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _more_of(config: SingleConfig) -> dict[str, Any]:
    """Everything that the kubeconfig says of the cluster."""
    if config.fname is None:
        return {}
    clusters = yaml.safe_load(config.fname.read_text())["clusters"]
    named = {each["name"]: each["cluster"] for each in clusters}
    return dict(named.get(config.context.cluster) or {})
