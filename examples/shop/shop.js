"use strict";

// The order's page turns to paid by itself: it asks once a second what became of the order.
const shown = document.getElementById("state");

if (shown && (shown.textContent === "waiting" || shown.textContent === "refunding")) {
  const timer = setInterval(async () => {
    const answer = await fetch(`/orders/${shown.dataset.order}/state`);
    if (answer.ok && (await answer.json()).state !== shown.textContent) {
      clearInterval(timer);
      location.reload();
    }
  }, 1000);
}
