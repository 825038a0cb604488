"""Certificates of authorities that exist as long as the process; no real name is among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

if TYPE_CHECKING:
    from collections.abc import Sequence

# What the maker's certificate is for: signing documents (RFC 9336) and C2PA claims.
OF_CLAIMS = ("1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1")
OF_TIME_STAMPS = ("1.3.6.1.5.5.7.3.8",)
# From before anything that a fault dates back, to after the end of any run.
BEFORE, AFTER = timedelta(days=30), timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate and its private key (P-256)."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """Return the certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")

    @property
    def der(self) -> bytes:
        """Return the certificate as DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> str:
        """Return the private key as PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode("ascii")


def authority(common_name: str) -> Identity:
    """Return a root that signs certificates."""
    return _made(common_name, "Emulator", purposes=(), issuer=None)


def issued(
    issuer: Identity, common_name: str, organization: str, purposes: Sequence[str]
) -> Identity:
    """Return a certificate for these purposes, from the issuer."""
    return _made(common_name, organization, purposes=purposes, issuer=issuer)


def _made(
    common_name: str, organization: str, *, purposes: Sequence[str], issuer: Identity | None
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    signing_key = key if issuer is None else issuer.key
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now + AFTER)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=issuer is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()),
            critical=False,
        )
    )
    if purposes:
        listed = x509.ExtendedKeyUsage([ObjectIdentifier(purpose) for purpose in purposes])
        # RFC 3161, 2.3: critical, where the purpose is to stamp.
        builder = builder.add_extension(listed, critical=purposes == OF_TIME_STAMPS)
    return Identity(certificate=builder.sign(signing_key, hashes.SHA256()), key=key)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
