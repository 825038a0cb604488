"""Signed images for tests: a certificate authority of their own, made anew each time."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID, ObjectIdentifier
from PIL import Image

CLAIM_SIGNING = "1.3.6.1.4.1.62558.2.1"
DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36"
EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"

MIME = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "tiff": "image/tiff"}
DRAWN = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def pixels(seed: int = 0, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Draw a picture; other seeds give other pictures."""
    width, height = size
    image = Image.new("RGB", size)
    image.putdata(
        [
            ((x * 5 + seed) % 256, (y * 7) % 256, (x * y + seed) % 256)
            for y in range(height)
            for x in range(width)
        ]
    )
    return image


def encoded(image: Image.Image, kind: str = "png") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@dataclass(frozen=True)
class Authority:
    """A root certificate; its PEM is a trust list."""

    name: str = "Test Root"

    @cached_property
    def key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def certificate(self) -> x509.Certificate:
        usage = _usage(signs=False)
        return (
            _certificate(self.name, self.name, self.key.public_key(), days=(-900, 900))
            .issuer_name(_name(self.name, self.name))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def pem(self) -> str:
        return _pem(self.certificate)

    def signer(
        self,
        organisation: str | None = "OpenAI OpCo, LLC",
        *,
        name: str = "A Signer",
        purposes: Sequence[str] = (CLAIM_SIGNING,),
        days: tuple[float, float] = (-300, 300),
        ocsp: str = "",
    ) -> "Signer":
        """Return who signs with a certificate of this authority, for so many days around now."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _certificate(organisation, name, key.public_key(), days=days)
            .issuer_name(self.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        if purposes:
            oids = [ObjectIdentifier(each) for each in purposes]
            builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=False)
        if ocsp:
            places = [
                x509.AccessDescription(method, x509.UniformResourceIdentifier(ocsp))
                for method in (
                    AuthorityInformationAccessOID.OCSP,
                    AuthorityInformationAccessOID.CA_ISSUERS,
                )
            ]
            builder = builder.add_extension(x509.AuthorityInformationAccess(places), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        return Signer(key=key, chain=_pem(certificate) + self.pem)


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A signing certificate with its key."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    chain: str

    def signed(  # noqa: PLR0913 - what a manifest can be
        self,
        image: bytes,
        kind: str = "png",
        *,
        manifest: Mapping[str, Any] | None = None,
        ingredients: Sequence[tuple[Mapping[str, Any], bytes, str]] = (),
        intent: c2pa.C2paBuilderIntent | None = None,
        remote: str | None = None,
        embed: bool = True,
        settings: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the image with a manifest of what is `drawn`, or of another one."""
        private = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        info = c2pa.C2paSignerInfo(b"es256", self.chain.encode(), private, None)
        quiet = {
            "verify": {"verify_after_sign": False},
            "builder": {"thumbnail": {"enabled": False}},
            **(settings or {}),
        }
        context = c2pa.Context(c2pa.Settings.from_dict(quiet))
        builder = c2pa.Builder(json.dumps(manifest or drawn()), context=context)
        if intent is not None:
            builder.set_intent(intent)
        if remote:
            builder.set_remote_url(remote)
        if not embed:
            builder.set_no_embed()
        for description, content, its_kind in ingredients:
            builder.add_ingredient(json.dumps(description), MIME[its_kind], io.BytesIO(content))
        target = io.BytesIO()
        builder.sign(c2pa.Signer.from_info(info), MIME[kind], io.BytesIO(image), target)
        return target.getvalue()


def drawn(
    agent: object = None, *, label: str = "c2pa.actions.v2", **more: object
) -> dict[str, Any]:
    """Return what a maker says of an image that its model has drawn."""
    created: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": DRAWN}
    created["softwareAgent"] = agent or {"name": "gpt-image", "version": "2.0"}
    actions = {"actions": [created, {"action": "c2pa.converted"}]}
    return {
        "claim_generator_info": [{"name": "A Media Service", "version": "1"}],
        "assertions": [{"label": label, "data": actions}],
        **more,
    }


def _name(organisation: str | None, name: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organisation is not None:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def _certificate(
    organisation: str | None,
    name: str,
    key: ec.EllipticCurvePublicKey,
    *,
    days: tuple[float, float],
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(organisation, name))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
