"""Binance Spot: market data, orders, account.

python-binance also signs with private keys and reads dates in words. We do neither, and loading what it takes
would be a tenth of a start.
"""

from midas.state.lazy import stand_in

for _unused in (
    "dateparser", "Crypto.Hash.SHA256", "Crypto.PublicKey.ECC", "Crypto.PublicKey.RSA",
    "Crypto.Signature.eddsa", "Crypto.Signature.pkcs1_15",
):  # fmt: skip
    stand_in(_unused)
