"""API keys: what an account left with the exchange to tell its requests from a forger's."""

from __future__ import annotations

import hmac
from base64 import b64decode
from hashlib import sha256
from typing import Protocol

from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC, RSA
from Crypto.Signature import eddsa, pkcs1_15

from midas.errors import ConfigInvalid

_ED25519 = "Ed25519"


class Key(Protocol):
    """Verifies signatures of one account."""

    @property
    def may_log_on(self) -> bool:
        """Whether the venue lets this kind of key authenticate a whole WebSocket session."""
        ...

    def verifies(self, text: bytes, signature: str) -> bool:
        """Whether `signature` is this key's over `text`."""
        ...


class Secret:
    """A shared secret: HMAC-SHA256 in hexadecimal, whose case doesn't matter."""

    may_log_on = False

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def verifies(self, text: bytes, signature: str) -> bool:
        """Compare in constant time."""
        expected = hmac.new(self._secret, text, sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.lower().encode("utf-8", "replace"))


class Ed25519:
    """An Ed25519 public key; signatures in base64."""

    may_log_on = True

    def __init__(self, key: ECC.EccKey) -> None:
        self._verifier = eddsa.new(key, "rfc8032")

    def verifies(self, text: bytes, signature: str) -> bool:
        """Verify as RFC 8032 says."""
        try:
            self._verifier.verify(text, b64decode(signature, validate=True))
        except ValueError:
            return False
        return True


class Rsa:
    """An RSA public key: PKCS#1 v1.5 over SHA-256, in base64."""

    may_log_on = False

    def __init__(self, key: RSA.RsaKey) -> None:
        self._verifier = pkcs1_15.new(key)

    def verifies(self, text: bytes, signature: str) -> bool:
        """Verify as PKCS#1 v1.5 says."""
        try:
            self._verifier.verify(SHA256.new(text), b64decode(signature, validate=True))
        except ValueError:
            return False
        return True


def public(pem: str) -> Key:
    """The key of a PEM text: Ed25519 or RSA."""
    for read in (_ed25519, _rsa):
        try:
            return read(pem)
        except (ValueError, IndexError, TypeError):
            continue
    raise ConfigInvalid("a public key is no Ed25519 or RSA key in PEM; export it as SubjectPublicKeyInfo")


def _ed25519(pem: str) -> Key:
    key = ECC.import_key(pem)
    if key.curve != _ED25519:
        raise ValueError(key.curve)
    return Ed25519(key.public_key())


def _rsa(pem: str) -> Key:
    return Rsa(RSA.import_key(pem).public_key())
