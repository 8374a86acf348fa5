"use strict";

const WxPay = require("wechatpay-node-v3");
const { E, control, step, today, order } = require("./steps.cjs");

const HOST = "https://api.mch.weixin.qq.com";

async function send(method, url, body, headers) {
  // The package names the platform's host everywhere; its own door for another HTTP client leads to the emulator.
  const target = url.startsWith(HOST) ? E.SECURE_URL + url.slice(HOST.length) : url;
  const answer = await fetch(target, { method, headers, body: method === "GET" ? undefined : JSON.stringify(body) });
  const content = Buffer.from(await answer.arrayBuffer());
  const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
  const data = isJson && content.length ? JSON.parse(content.toString()) : content;
  return answer.ok ? { status: answer.status, data } : { status: answer.status, error: data };
}

async function main() {
  const wxpay = new WxPay({
    appid: "wx2421b1c4370ec43b",
    mchid: E.MCHID,
    publicKey: Buffer.from(E.MERCHANT_CERT),
    privateKey: Buffer.from(E.PRIVATE_KEY),
    key: E.APIV3_KEY,
  });
  wxpay.createHttp({
    get: (url, headers) => send("GET", url, null, headers),
    post: (url, body, headers) => send("POST", url, body, headers),
    postV2: (url, body, headers) => send("POST", url, body, headers),
  });
  const { appid, mchid, ...rest } = order("C300001");
  await step("order", () => wxpay.transactions_native(rest), (m) => m.data && m.data.code_url);
  await step("query", () => wxpay.query({ out_trade_no: "C300001" }), (m) => m.data && m.data.trade_state === "NOTPAY");
  await step("order to be closed", () => wxpay.transactions_native({ ...rest, out_trade_no: "C300002" }), (m) => m.status === 200);
  await step("close", () => wxpay.close("C300002"), (m) => m.status === 204);
  await control("/phone/pay", { what: "C300001" });
  await step("query of a paid order", () => wxpay.query({ out_trade_no: "C300001" }), (m) => m.data && m.data.trade_state === "SUCCESS");
  const refund = { out_trade_no: "C300001", out_refund_no: "R300001", amount: { refund: 50, total: 200, currency: "CNY" } };
  await step("refund", () => wxpay.refunds(refund), (m) => m.data && m.data.out_refund_no === "R300001");
  await step("query of a refund", () => wxpay.find_refunds("R300001"), (m) => m.data && m.data.out_refund_no === "R300001");
  await step("certificates", () => wxpay.get_certificates(E.APIV3_KEY), (m) => m.length === 1);
  const { headers, body } = JSON.parse(E.NOTIFICATION);
  await step("notification opened", () => {
    const { ciphertext, nonce, associated_data } = JSON.parse(body).resource;
    return wxpay.decipher_gcm(ciphertext, associated_data, nonce, E.APIV3_KEY);
  }, (m) => m.out_trade_no === "N1");
  const day = today();
  await control("/clock", { advance: 2 * 86400 });
  const bill = await step("bill", () => wxpay.tradebill({ bill_date: day }), (m) => m.data && m.data.download_url);
  await step("download", () => wxpay.downloadBill(HOST + bill.data.download_url.slice(E.SECURE_URL.length)), (m) => m.status === 200);
  console.log("CANNOT verify a notification: verifySign fetches certificates, and knows no WeChat Pay public key");
  console.log("CANNOT upload: upload_images sends through its own HTTP client, to the platform's host alone");
  console.log("CANNOT transfer: it has only /v3/transfer/batches, which new merchants can't use");
  console.log("CANNOT APIv2: the package has none");
}

main();
