"""Key pairs whose public half opens an account at the exchange."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal

import msgspec
from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC, RSA
from Crypto.Signature import eddsa, pkcs1_15

from midas.venues.sim.floor.accounts import AccountSpec

PURSE = {"USDT": Decimal(10_000), "BTC": Decimal(1)}


class KeyPair(msgspec.Struct, frozen=True):
    """A private key for the client and a public one for the exchange, both in PEM."""

    private: str
    public: str

    @classmethod
    def ed25519(cls) -> KeyPair:
        """A new Ed25519 pair."""
        key = ECC.generate(curve="ed25519")
        return cls(key.export_key(format="PEM"), key.public_key().export_key(format="PEM"))

    @classmethod
    def rsa(cls) -> KeyPair:
        """A new RSA pair, as short as the library allows."""
        key = RSA.generate(1024)
        return cls(key.export_key().decode(), key.public_key().export_key().decode())

    def sign(self, text: str) -> str:
        """A signature in base64."""
        if "RSA" in self.private:
            digest = SHA256.new(text.encode())
            return b64encode(pkcs1_15.new(RSA.import_key(self.private)).sign(digest)).decode()
        signer = eddsa.new(ECC.import_key(self.private), "rfc8032")
        return b64encode(signer.sign(text.encode())).decode()

    def account(self, name: str) -> AccountSpec:
        """An account of this key, with something of everything; its API key is its name."""
        return AccountSpec(name=name, api_key=name, public_key=self.public, balances=PURSE)
