"""Certificates for mutual authentication within one cluster."""

import os
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from designer.config.cluster import TLSSettings
from designer.errors import InvalidConfig

if TYPE_CHECKING:
    import distributed

SKEW = timedelta(days=1)
"""Tolerance for clocks of other machines that are slow, where a new certificate would not be valid yet."""
LIFE = timedelta(days=3650)
_PREFIX = ".designer-tls-"


@dataclass(frozen=True)
class Certificates:
    """The certificates that scheduler, workers and client share.

    Attributes:
        ca: Certificate of the authority, as PEM text or as the path of a PEM file.
        cert: A certificate that it signed, likewise.
        key: The private key of that certificate, likewise.
    """

    ca: str
    cert: str
    key: str = field(repr=False)

    def security(self) -> "distributed.Security":
        """Return them as Dask's security object: both sides reject connections without a certificate of this authority."""
        import distributed

        return distributed.Security(**self.options())

    def options(self) -> dict[str, Any]:
        """Return the arguments of `distributed.Security`."""
        own = {"cert": self.cert, "key": self.key}
        roles = {f"tls_{role}_{what}": text for role in ("scheduler", "worker", "client") for what, text in own.items()}
        return {"require_encryption": True, "tls_ca_file": self.ca, **roles}

    def texts(self) -> "Certificates":
        """Return them as PEM texts, which need no file on the machine that uses them.

        Raises:
            InvalidConfig: A file cannot be read.
        """
        return Certificates(_text(self.ca), _text(self.cert), _text(self.key))


def certificates_of(tls: "TLSSettings | str") -> Certificates | None:
    """Return the certificates of the setting `cluster.tls`: new ones or the given ones; None for `off`."""
    if isinstance(tls, TLSSettings):
        return Certificates(tls.ca, tls.cert, tls.key)
    return None if tls == "off" else make_certificates()


def make_certificates() -> Certificates:
    """Create an authority and one certificate signed by it; the authority's key is discarded."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.now(UTC)
    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def certificate(name: str, public: ec.EllipticCurvePublicKey, *, signs: bool) -> str:
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
            False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("authority"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - SKEW)
            .not_valid_after(now + LIFE)
            .add_extension(x509.BasicConstraints(ca=signs, path_length=0 if signs else None), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, **usage), critical=True
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        )
        return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    key = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return Certificates(
        certificate("authority", authority.public_key(), signs=True),
        certificate("cluster", own.public_key(), signs=False),
        key,
    )


@contextmanager
def in_files(certificates: Certificates, parent: Path) -> Iterator[Certificates]:
    """Yield certificates as files that only their owner can read, in a folder that is deleted afterwards.

    Args:
        certificates: PEM texts.
        parent: Folder shared by all machines of the cluster; created if necessary.

    Raises:
        InvalidConfig: The folder is not writable, or its file system ignores permissions.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        made = tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{socket.gethostname()}-", dir=parent)
    except OSError as error:
        raise InvalidConfig(
            f"the certificates of this run cannot be written to {parent} ({error.strerror}); set cluster.tls_folder to a "
            "writable folder that jobs can read"
        ) from error
    with made as name:
        folder = Path(name)
        lock = _held(folder / "lock")
        try:
            paths = {what: folder / f"{what}.pem" for what in ("ca", "cert", "key")}
            for what, path in paths.items():
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                    stream.write(getattr(certificates, what))
            for path in (folder, *paths.values()):
                if stat.S_IMODE(path.stat().st_mode) & 0o077:
                    raise InvalidConfig(
                        f"files in {parent} are readable by other users despite their permissions; set "
                        "cluster.tls_folder to a folder on another file system"
                    )
            yield Certificates(*(str(paths[what]) for what in ("ca", "cert", "key")))
        finally:
            os.close(lock)


def _held(path: Path) -> int:
    """Lock a file until the descriptor is closed or this process ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if sys.platform != "win32":
        import fcntl

        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _sweep(parent: Path) -> None:
    """Remove the folders of processes of this machine that were killed."""
    if sys.platform == "win32":
        return
    import fcntl
    import shutil

    for folder in parent.glob(f"{_PREFIX}{socket.gethostname()}-*"):
        with suppress(OSError):  # in use, gone, of another user, or without locks
            descriptor = os.open(folder / "lock", os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(descriptor)


def _name(common: str) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"polymer-designer {common}")])


def _text(value: str) -> str:
    if "\n" in value:
        return value
    try:
        return Path(value).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfig(
            f"{value!r} of cluster.tls cannot be read ({error}); give the path of a PEM file"
        ) from error
