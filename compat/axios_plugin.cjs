"use strict";

const { createHash } = require("node:crypto");
const { Wechatpay, Rsa, Aes, Formatter, Multipart, Xml } = (() => {
  const plugin = require("wechatpay-axios-plugin");
  return { ...plugin, Xml: plugin.Transformer };
})();
const { E, control, step, today, order } = require("./steps.cjs");

async function main() {
  // By https, with the emulator's own authority (NODE_EXTRA_CA_CERTS).
  const wxpay = new Wechatpay({
    baseURL: `${E.SECURE_URL}/`,
    mchid: E.MCHID,
    serial: E.SERIAL,
    privateKey: E.PRIVATE_KEY,
    certs: { [E.PUBLIC_KEY_ID]: E.PUBLIC_KEY, [E.PLATFORM_SERIAL]: E.PLATFORM_CERT },
    secret: E.APIV2_KEY,
    merchant: { cert: E.MERCHANT_CERT, key: E.PRIVATE_KEY },
  });
  const data = (value) => value.data;
  await step("order", () => wxpay.v3.pay.transactions.native.post(order("C200001")).then(data), (m) => m.code_url);
  const query = (number) => wxpay.v3.pay.transactions.outTradeNo["{out_trade_no}"].get({ params: { mchid: E.MCHID }, out_trade_no: number }).then(data);
  await step("query", () => query("C200001"), (m) => m.trade_state === "NOTPAY");
  await step("order to be closed", () => wxpay.v3.pay.transactions.native.post(order("C200002")));
  await step("close", () => wxpay.v3.pay.transactions.outTradeNo["{out_trade_no}"].close.post({ mchid: E.MCHID }, { out_trade_no: "C200002" }), (m) => m.status === 204);
  await control("/phone/pay", { what: "C200001" });
  await step("query of a paid order", () => query("C200001"), (m) => m.trade_state === "SUCCESS");
  const refund = { out_trade_no: "C200001", out_refund_no: "R200001", amount: { refund: 50, total: 200, currency: "CNY" } };
  await step("refund", () => wxpay.v3.refund.domestic.refunds.post(refund).then(data), (m) => m.out_refund_no === "R200001");
  const found = await step("certificates", () => wxpay.v3.certificates.get().then(data), (m) => m.data.length === 1);
  const sealed = found.data[0].encrypt_certificate;
  await step("certificate opened", () => Aes.AesGcm.decrypt(sealed.ciphertext, E.APIV3_KEY, sealed.nonce, sealed.associated_data), (m) => m.includes("BEGIN CERTIFICATE"));
  const image = Buffer.from("\x89PNG\r\n\x1a\nnothing", "latin1");
  const meta = JSON.stringify({ filename: "x.png", sha256: createHash("sha256").update(image).digest("hex") });
  const form = new Multipart();
  form.append("meta", meta, "meta.json");
  form.append("file", image, "x.png");
  await step("upload", () => wxpay.v3.merchant.media.upload.post(form, { meta: JSON.parse(meta), headers: { ...form.getHeaders() } }).then(data), (m) => m.media_id);
  const transfer = {
    appid: "wx2421b1c4370ec43b",
    out_bill_no: "B200001",
    transfer_scene_id: "1000",
    openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    user_name: Rsa.encrypt("张三", E.PUBLIC_KEY),
    transfer_amount: 300000,
    transfer_remark: "x",
    transfer_scene_report_infos: [{ info_type: "活动名称", info_content: "x" }, { info_type: "奖励说明", info_content: "x" }],
  };
  await step("transfer with an encrypted name", () => wxpay.v3.fundApp.mchTransfer.transferBills.post(transfer, { headers: { "Wechatpay-Serial": E.PUBLIC_KEY_ID } }).then(data), (m) => m.transfer_bill_no);
  const { headers, body } = JSON.parse(E.NOTIFICATION);
  await step("notification", () => {
    const text = Formatter.response(headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], body);
    if (!Rsa.verify(text, headers["Wechatpay-Signature"], E.PUBLIC_KEY)) return null;
    const { ciphertext, nonce, associated_data } = JSON.parse(body).resource;
    return JSON.parse(Aes.AesGcm.decrypt(ciphertext, E.APIV3_KEY, nonce, associated_data));
  }, (m) => m && m.out_trade_no === "N1");
  const old = { appid: "wx2421b1c4370ec43b", mch_id: E.MCHID, body: "x", out_trade_no: "C200003", total_fee: "200", spbill_create_ip: "127.0.0.1", notify_url: "https://shop.example/notify", trade_type: "NATIVE", product_id: "1", nonce_str: Formatter.nonce() };
  await step("APIv2 order", () => wxpay.v2.pay.unifiedorder.post(old).then(data), (m) => m.code_url);
  await control("/phone/pay", { what: "C200003" });
  const back = { appid: old.appid, mch_id: E.MCHID, out_trade_no: "C200003", out_refund_no: "R200003", total_fee: "200", refund_fee: "50", nonce_str: Formatter.nonce() };
  await step("APIv2 refund", () => wxpay.v2.secapi.pay.refund.post(back, { security: true }).then(data), (m) => m.refund_id);
  const day = today();
  await control("/clock", { advance: 2 * 86400 });
  const bill = await step("bill", () => wxpay.v3.bill.tradebill.get({ params: { bill_date: day } }).then(data), (m) => m.download_url);
  const link = new URL(bill.download_url);
  await step("download", () => wxpay.v3.billdownload.file.get({ params: Object.fromEntries(link.searchParams), responseType: "arraybuffer" }).then(data), (m) => Buffer.from(m).includes("C200001"));
}

main();
