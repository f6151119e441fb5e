// Polls the status section of the chaos page: connected sessions and fault counters.
"use strict";

const REFRESH_INTERVAL_MS = 1000;

async function refreshState() {
  const response = await fetch("/_play/chaos").catch(() => null);
  if (response?.ok) document.getElementById("state").innerHTML = await response.text();
}

setInterval(refreshState, REFRESH_INTERVAL_MS);
