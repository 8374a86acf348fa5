// Why a call was refused, in Chinese: the diagnosis writes English. Its details stand below in its own words.

/** By kind of cause: what happened, and what to do. */
export const CAUSES = {
  "address-not-allowed": ["这台机器的公网 IP 不在商户平台的白名单内。", "在商户平台（产品中心，IP 白名单）加上它，或从已允许的机器调用。"],
  "apiv2-key-of-another-merchant": ["sign 是用另一个商户的 APIv2 密钥生成的。", "使用商户平台“API 安全”中为本商户设置的 APIv2 密钥。"],
  "apiv2-key-wrong": ["apiv2_key 不是这个商户的 APIv2 密钥。它与 APIv3 密钥不同，但同样是 32 个字符。", "使用商户平台“API 安全”中设置的 APIv2 密钥。"],
  "apiv3-key-in-place-of-apiv2-key": ["sign 是用 APIv3 密钥生成的，应当用 APIv2 密钥。", "使用商户平台“API 安全”中设置的 APIv2 密钥。"],
  "appid-of-another-merchant": ["appid 没有与这个商户号绑定。", "在商户平台（AppID 账号管理）绑定它，或使用已绑定的 appid。"],
  "clock-skewed": ["这台机器的时钟相差超过 300 秒。", "同步时钟（NTP）。"],
  "mainland-path-overseas": ["这个路径属于境内商户，却用于境外商户或境外域名。", "境外商户调用 /v3/global/ 下的对应路径（wxpay.v3.global_...），境内商户调用 api.mch.weixin.qq.com。"],
  "mchid-of-another-merchant": ["请求中的商户号不是签名的商户号。", "填写客户端自己的商户号：直连商户填 mchid；服务商填 sp_mchid，子商户填 sub_mchid。"],
  "mchid-wrong": ["没有这个商户号，或者它不属于这个地区。", "与商户平台核对；境外商户有自己的域名和密钥。"],
  "merchant-cert-wrong": ["出示的商户证书不是这个商户号正在使用的证书。", "设置 merchant_cert=Path('apiclient_cert.pem')，使用本商户的证书。"],
  "platform-key-of-another-merchant": ["用来加密敏感字段的公钥或它的 ID 不属于这个商户。", "certs 中使用商户平台为这个商户号显示的公钥和 PUB_KEY_ID_...。"],
  "private-key-of-another-certificate": ["private_key 与 serial 所指的证书不配对，或者 mchid 不是它的商户。", "三者用同一个商户的：openssl x509 -in apiclient_cert.pem -noout -serial 显示序列号。"],
  "private-key-of-another-merchant": ["签名是用另一个商户的私钥生成的。", "使用 Authorization 头中序列号所指证书的私钥签名。"],
  "request-changed": ["平台验签的内容与这里签名的不同：请求在途中被改动了。", "让中间的代理或网关原样转发请求。"],
  "serial-of-another-merchant": ["serial 不是这个商户号的 API 证书序列号。", "mchid、serial 和 private_key 用同一个商户的；serial 是正在使用的 apiclient_cert.pem 的序列号。"],
  "signed-another-body": ["签名的正文与发送的正文不是同样的字节。", "正文只序列化一次，对这些字节签名，并原样发送它们。"],
  "signed-another-method": ["签名的请求方法与发送的不同。", "对实际发送的方法签名，用大写字母。"],
  "signed-another-target": ["签名的路径与发送的不同。", "对路径连同查询参数签名，与发送的完全一致。"],
  "signed-in-another-form": ["签名的文本格式不对：五行的内容、顺序或换行符有误。", "五行每行以一个换行符结尾，最后一行也不例外。"],
  "number-of-other-content": ["这个单号已经用过，而且内容不同。", "原样重发第一次的内容可以再得到它的应答；也可以查询它的结果；新订单要用新的单号。"],
  "number-of-long-ago": ["这个单号首次发送的时间太久，不能再重发。", "查询它的结果；确认失败之后，才换新的单号。"],
  "superseded-transfer": ["这个商户开通的是新版商家转账，旧的批次转账已被取代。", "调用 /v3/fund-app/mch-transfer/transfer-bills：wxpay.v3.fundApp.mchTransfer.transferBills。"],
};
