"""`Payments`: the functions of this package with a merchant's keys, clock and nonces filled in."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Generic, TypedDict, TypeVar

from ..credentials.signer import Signer, algorithm_of, signature_by
from ..crypto.concealed import Concealed
from ..errors import ConfigurationError
from ..wire import v2
from .coupons import coupon_h5, coupons_mini_program
from .orders import Instalment, Unsigned, check_algorithm, unsigned_app, unsigned_jsapi, without_appid
from .orders_v2 import app_v2, jsapi_v2, red_packet_v2
from .parameters import Prepay, given
from .payscore import payscore_confirm_signed, payscore_detail
from .transfers import merchant_transfer

R = TypeVar("R")


class _Fresh(TypedDict):
    timestamp: int
    nonce: str


class Payments(Generic[R]):
    """The functions of this package, with a merchant's keys, clock and nonces filled in.

    Args:
        run: applied to the coroutines that sign: `WeChatPay` returns them, `SyncWeChatPay` runs them.
        mchid: merchant number.
        signer: signs for the merchant.
        apiv2_key: the APIv2 key, for what is signed with it.
        clock: gives Unix time in seconds.
        nonce: gives a random string.
        seconds: that signing may take; None for no bound.
    """

    def __init__(
        self,
        run: Callable[[Coroutine[Any, Any, dict[str, str]]], R],
        mchid: str,
        signer: Signer,
        apiv2_key: Concealed[str] | None,
        clock: Callable[[], float],
        nonce: Callable[[], str],
        seconds: float | None = None,
    ) -> None:
        self._run = run
        self._mchid = mchid
        self._signer = signer
        self._apiv2_key = apiv2_key
        self._clock = clock
        self._nonce = nonce
        self._seconds = seconds

    def jsapi(self, prepay: Prepay, *, appid: str, instalment: Instalment | None = None) -> R:
        """The parameters of `WeixinJSBridge.invoke("getBrandWCPayRequest", ...)` in a page inside of WeChat, signed.

        Args:
            prepay: the order's answer, or its `prepay_id`.
            appid: of the front end that pays; of a service provider, `sp_appid` or `sub_appid`, whichever that is.
            instalment: a subsidised instalment that was chosen.

        Raises:
            ConfigurationError: the answer holds no `prepay_id`.
        """
        return self._run(self._jsapi(prepay, appid, instalment))

    def mini_program(self, prepay: Prepay, *, appid: str, instalment: Instalment | None = None) -> R:
        """The parameters of `wx.requestPayment(...)` in a mini-program, signed.

        Args:
            prepay: the order's answer, or its `prepay_id`.
            appid: of the front end that pays; of a service provider, `sp_appid` or `sub_appid`, whichever that is.
            instalment: a subsidised instalment that was chosen.

        Raises:
            ConfigurationError: the answer holds no `prepay_id`.
        """

        async def signed() -> dict[str, str]:
            return without_appid(await self._jsapi(prepay, appid, instalment))

        return self._run(signed())

    def medical(self, prepay: Prepay, mix_trade_no: str, *, appid: str) -> R:
        """The parameters of `wx.requestMedicalInsurancePay`, signed: medical insurance pays a part of the order.

        Args:
            prepay: the order's answer, or its `prepay_id`.
            mix_trade_no: the mixed order's number; it isn't signed.
            appid: of the front end that pays; of a service provider, `sp_appid` or `sub_appid`, whichever that is.

        Raises:
            ConfigurationError: the answer holds no `prepay_id`.
        """

        async def signed() -> dict[str, str]:
            return {**await self._jsapi(prepay, appid), "mixTradeNo": given("mix_trade_no", mix_trade_no)}

        return self._run(signed())

    def app(self, prepay: Prepay, *, appid: str, instalment: Instalment | None = None) -> R:
        """The parameters of an app's `PayReq`, signed. On Android and HarmonyOS `package` is called `packageValue`.

        Args:
            prepay: the order's answer, or its `prepay_id`.
            appid: of the app.
            instalment: a subsidised instalment that was chosen.

        Raises:
            ConfigurationError: the answer holds no `prepay_id`.
        """
        unsigned = unsigned_app(prepay, appid=appid, mchid=self._mchid, instalment=instalment, **self._fresh())
        return self._run(self._signed(unsigned))

    def jsapi_v2(self, prepay: Prepay, *, appid: str, sign_type: v2.SignType = "MD5") -> dict[str, str]:
        """The parameters of `jsapi` for an APIv2 order, signed with the APIv2 key.

        Args:
            prepay: the order's answer, or its `prepay_id`.
            appid: of the front end.
            sign_type: the one that the order was placed with.

        Raises:
            ConfigurationError: the answer holds no `prepay_id`.
        """
        return jsapi_v2(prepay, appid=appid, apiv2_key=self._key(), sign_type=sign_type, **self._fresh())

    def app_v2(self, prepay: Prepay, *, appid: str, sign_type: v2.SignType = "MD5") -> dict[str, str]:
        """The parameters of `app` for an APIv2 order, signed with the APIv2 key.

        Args:
            prepay: the order's answer, or its `prepay_id`.
            appid: of the app.
            sign_type: the one that the order was placed with.

        Raises:
            ConfigurationError: the answer holds no `prepay_id`.
        """
        return app_v2(
            prepay, appid=appid, mchid=self._mchid, apiv2_key=self._key(), sign_type=sign_type, **self._fresh()
        )

    def red_packet_v2(self, package: str, *, appid: str) -> dict[str, str]:
        """The parameters of `wx.sendBizRedPacket(...)`, by which a mini-program's user takes a red packet.

        Args:
            package: of the answer of `sendminiprogramhb`, as it is there.
            appid: of the mini-program.
        """
        return red_packet_v2(package, appid=appid, apiv2_key=self._key(), **self._fresh())

    def merchant_transfer(
        self, package_info: str, *, appid: str, sub_mchid: str | None = None, sub_appid: str | None = None
    ) -> dict[str, str]:
        """The parameters of `wx.requestMerchantTransfer(...)`, by which a user accepts a transfer. Nothing is signed.

        Args:
            package_info: of the transfer's answer; it is there while the state is `WAIT_USER_CONFIRM`.
            appid: of the front end.
            sub_mchid: of a service provider's merchant.
            sub_appid: of a service provider's merchant.
        """
        return merchant_transfer(package_info, mchid=self._mchid, appid=appid, sub_mchid=sub_mchid, sub_appid=sub_appid)

    def payscore_confirm_signed(self, package: str) -> dict[str, str]:
        """The parameters of `wxpayScoreUse` in the older, signed form, which overseas services still use.

        Args:
            package: of the order's answer.
        """
        return payscore_confirm_signed(package, mchid=self._mchid, apiv2_key=self._key(), **self._fresh())

    def payscore_detail(self, service_id: str, out_order_no: str) -> dict[str, str]:
        """The parameters of `wxpayScoreDetail`, which shows a payscore order.

        Args:
            service_id: of the service.
            out_order_no: the merchant's number of the order.
        """
        return payscore_detail(service_id, out_order_no, mchid=self._mchid, apiv2_key=self._key(), **self._fresh())

    def coupons_mini_program(self, coupons: Iterable[Mapping[str, str]]) -> dict[str, Any]:
        """The parameters of the mini-program plugin that hands out coupons.

        Args:
            coupons: of each its `stock_id`, its `out_request_no`, and where the stock has codes, `coupon_code`.
        """
        return coupons_mini_program(coupons, send_coupon_merchant=self._mchid, apiv2_key=self._key())

    def coupon_h5(self, stock_id: str, out_request_no: str, open_id: str, *, coupon_code: str | None = None) -> str:
        """The address of the page where a user takes a coupon of the merchant (商家券).

        Args:
            stock_id: of the coupon.
            out_request_no: the merchant's number of this handing out.
            open_id: of the user, under the appid that the page is opened with.
            coupon_code: where the stock has codes of its own.
        """
        return coupon_h5(
            stock_id,
            out_request_no,
            open_id,
            send_coupon_merchant=self._mchid,
            apiv2_key=self._key(),
            coupon_code=coupon_code,
        )

    async def _jsapi(self, prepay: Prepay, appid: str, instalment: Instalment | None = None) -> dict[str, str]:
        return await self._signed(unsigned_jsapi(prepay, appid=appid, instalment=instalment, **self._fresh()))

    async def _signed(self, unsigned: Unsigned) -> dict[str, str]:
        check_algorithm(algorithm_of(self._signer))
        return unsigned.signed(await signature_by(self._signer, unsigned.message, self._seconds))

    def _fresh(self) -> _Fresh:
        return {"timestamp": int(self._clock()), "nonce": self._nonce()}

    def _key(self) -> str:
        if self._apiv2_key is None:
            raise ConfigurationError(
                "apiv2_key", "none was given, and these parameters are signed with it", "Give it to the client"
            )
        return self._apiv2_key.reveal()
