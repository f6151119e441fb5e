// The user search of the forms on which a visitor chooses a user.
"use strict";

const field = document.getElementById("search");
const results = document.getElementById("found");
let lastRequest = 0;

async function search() {
  const request = ++lastRequest;
  const response = await fetch("/_play/people?q=" + encodeURIComponent(field.value));
  const html = await response.text();
  if (request === lastRequest) results.innerHTML = html; // responses may arrive out of order: show only the newest
}

if (field) field.addEventListener("input", search);
