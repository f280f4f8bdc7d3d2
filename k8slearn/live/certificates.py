"""Certificates: a CA of our own, made on the first start and kept; a new server certificate for each start.

Kubernetes: cmd/kubeadm/app/phases/certs; component-base and client-go/util/cert
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


class Pair(NamedTuple):
    """A certificate and its private key, as PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """Signs certificates. Two files in `folder`: ``ca.crt`` and ``ca.key``."""

    def __init__(self, folder: Path) -> None:
        files = folder / "ca.crt", folder / "ca.key"
        if not all(file.exists() for file in files):
            for file, data in zip(files, _new_authority(), strict=True):
                write_private(file, data)
        self.pair = Pair(*(file.read_bytes() for file in files))
        self._certificate = x509.load_pem_x509_certificate(self.pair.certificate)
        key = serialization.load_pem_private_key(self.pair.key, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    def server(self, hosts: Iterable[str]) -> Pair:
        """For a server that is reached under these names and addresses."""
        names = x509.SubjectAlternativeName([_general_name(h) for h in hosts])
        return self._issue("kube-apiserver", (), ExtendedKeyUsageOID.SERVER_AUTH, names)

    def client(self, user: str, groups: Iterable[str] = ()) -> Pair:
        """For a user: his name is the subject's common name, his groups its organisations."""
        return self._issue(user, groups, ExtendedKeyUsageOID.CLIENT_AUTH)

    def _issue(
        self,
        name: str,
        groups: Iterable[str],
        usage: x509.ObjectIdentifier,
        hosts: x509.SubjectAlternativeName | None = None,
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_subject(name, groups), self._certificate.subject, key.public_key(), 365)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_authority_id(self._key), critical=False)
        if hosts is not None:
            builder = builder.add_extension(hosts, critical=False)
        return _pem(builder.sign(self._key, hashes.SHA256()), key)


def _new_authority() -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject("k8slearn-ca")
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    builder = _builder(subject, subject, key.public_key(), 3650)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(usage, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return _pem(builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - DAY).not_valid_after(now + days * DAY)


def _authority_id(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _subject(name: str, groups: Iterable[str] = ()) -> x509.Name:
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, g) for g in groups]
    return x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return Pair(certificate.public_bytes(pem), key.private_bytes(pem, form, plain))


def show(context: ssl.SSLContext, pair: Pair) -> None:
    """Let connections show this certificate."""
    with tempfile.TemporaryDirectory() as folder:  # the ssl module reads keys from files only
        files = Path(folder, "crt"), Path(folder, "key")
        for file, data in zip(files, pair, strict=True):
            file.touch(mode=0o600)
            file.write_bytes(data)
        context.load_cert_chain(*files)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    draft.replace(path)
