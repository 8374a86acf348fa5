"""All settings: their names, their options, and the places where they may be given."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "WECHATPAY_"
FILE = "wechatpay.toml"
DOTENV = ".env"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A setting.

    Attributes:
        name: as in `wechatpay.toml`; its variable is `WECHATPAY_` and the name in capitals.
        purpose: what it is.
        metavar: what the option takes.
        is_path: whether it names a file; a relative one in `wechatpay.toml` is beside it.
        is_key: whether its text is a key, which no argument may hold.
    """

    name: str
    purpose: str
    metavar: str = ""
    is_path: bool = False
    is_key: bool = False

    @property
    def option(self) -> str:
        """The option that gives it: a path of a file where it is a key."""
        return "--" + self.name.replace("_", "-") + ("-file" if self.is_key and not self.is_path else "")


SETTINGS = (
    Known(name="mchid", purpose="merchant number", metavar="NUMBER"),
    Known(name="serial", purpose="serial number of the merchant certificate", metavar="HEX"),
    Known(name="private_key", purpose="file of the merchant's private key", metavar="PATH", is_path=True, is_key=True),
    Known(
        name="public_key_id",
        purpose="PUB_KEY_ID_... of the WeChat Pay public key, or a certificate's serial",
        metavar="ID",
    ),
    Known(name="public_key", purpose="file of that key, or certificate", metavar="PATH", is_path=True),
    Known(name="certs", purpose="folder of platform certificates, SERIAL.pem each", metavar="FOLDER", is_path=True),
    Known(name="merchant_cert", purpose="file of the merchant certificate", metavar="PATH", is_path=True),
    Known(name="apiv3_key", purpose="file that holds the APIv3 key", metavar="PATH", is_key=True),
    Known(name="apiv2_key", purpose="file that holds the APIv2 key", metavar="PATH", is_key=True),
    Known(name="brand_id", purpose="number of a brand", metavar="NUMBER"),
    Known(name="brand_serial", purpose="serial number of the brand's certificate", metavar="HEX"),
    Known(
        name="brand_private_key", purpose="file of the brand's private key", metavar="PATH", is_path=True, is_key=True
    ),
    Known(name="brand_public_key_id", purpose="PUB_KEY_ID_... of the brand's WeChat Pay public key", metavar="ID"),
    Known(name="brand_public_key", purpose="file of that public key", metavar="PATH", is_path=True),
    Known(name="brand_api_key", purpose="file that holds the brand's API key", metavar="PATH", is_key=True),
    Known(name="base_url", purpose="scheme and host of the platform, or of an emulator", metavar="URL"),
)
BY_NAME = {known.name: known for known in SETTINGS}
