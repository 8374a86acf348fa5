"use strict";

// What both Node clients share: the emulator's control interface, and a line for each step.
const E = process.env;

async function control(path, body) {
  const answer = await fetch(`${E.BASE_URL}/_emulator${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.json();
}

async function step(name, act, check = () => true) {
  try {
    const value = await act();
    console.log(check(value) ? `PASS ${name}` : `FAIL ${name}: ${JSON.stringify(value)}`);
    return value;
  } catch (error) {
    console.log(`FAIL ${name}: ${error.message} ${JSON.stringify(error.response && error.response.data)}`);
    return {};
  }
}

// The day in Beijing.
const today = () => new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);

const order = (number) => ({
  appid: "wx2421b1c4370ec43b",
  mchid: E.MCHID,
  description: "x",
  out_trade_no: number,
  notify_url: "https://shop.example/notify",
  amount: { total: 200 },
});

module.exports = { E, control, step, today, order };
