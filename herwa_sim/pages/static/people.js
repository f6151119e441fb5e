// The search for somebody else on the form that asks who to be.
"use strict";

const field = document.getElementById("search");
const found = document.getElementById("found");
let asked = 0;

async function search() {
  const mine = ++asked;
  const answer = await fetch("/_play/people?q=" + encodeURIComponent(field.value));
  const html = await answer.text();
  if (mine === asked) found.innerHTML = html;
}

if (field) field.addEventListener("input", search);
