// Keeps the first lines of the chaos page up to date: who is connected, and what has struck.
"use strict";

async function look() {
  const answer = await fetch("/_play/chaos").catch(() => null);
  if (answer?.ok) document.getElementById("state").innerHTML = await answer.text();
}

setInterval(look, 1000);
