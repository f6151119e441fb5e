// The page on which one is a member: sends what is done here, and shows what the server says has changed.
"use strict";

const LIVE = ["servers", "channels", "me", "messages"];
const byId = (id) => document.getElementById(id);
const { channel, proof } = byId("here").dataset;
const composer = byId("composer");
const text = byId("text");
const palette = byId("palette");
const dialog = byId("dialog");
let about = null; // the message that is replied to or edited: {kind, message, label}

async function act(deed, body = {}) {
  let told;
  try {
    const answer = await fetch(`/_play/${channel}/${deed}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Proof": proof },
      body: JSON.stringify(body),
    });
    told = await answer.json();
  } catch {
    told = { error: "The local Discord does not answer. Is it still running?" };
  }
  if (told.error) return toast(told.error), null;
  if (told.go) location.assign(told.go);
  if (told.form) openDialog(told.form);
  if (told.answered === false) toast("The application did not respond.");
  return told;
}

function toast(sentence) {
  const place = byId("toast");
  place.textContent = sentence;
  place.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => place.classList.remove("shown"), 6000);
}

const was = new WeakMap(); // the HTML that each shown element was made from

function patch(place, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const old = new Map([...place.children].map((one) => [one.id, one]));
  let next = place.firstElementChild;
  for (const one of [...fresh.content.children]) {
    const before = old.get(one.id);
    const same = before && was.get(before) === one.outerHTML;
    const shown = same ? before : one;
    if (shown === next) next = next.nextElementSibling;
    else place.insertBefore(shown, next);
    if (same) old.delete(one.id);
    else was.set(one, one.outerHTML), localise(one);
  }
  for (const gone of old.values()) gone.remove();
}

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (time.dateTime.length === 10) {
      time.textContent = moment.toLocaleDateString([], { dateStyle: "long", timeZone: "UTC" });
    } else {
      time.title = moment.toLocaleString([], { dateStyle: "full", timeStyle: "short" });
      const today = moment.toDateString() === new Date().toDateString();
      const whole = time.hasAttribute("data-whole") || (!today && time.closest("header"));
      const style = whole ? { dateStyle: "medium", timeStyle: "short" } : { timeStyle: "short" };
      time.textContent = moment.toLocaleString([], style);
    }
  }
}

function listen() {
  const stream = new EventSource(`/_play/${channel}/live`);
  for (const id of LIVE) {
    stream.addEventListener(id, (event) => {
      const place = byId(id);
      if (id === "me" && place.contains(document.activeElement)) document.activeElement.blur();
      patch(place, JSON.parse(event.data));
      if (id === "messages" && atEnd) scrollDown();
      document.body.dataset.live = "yes";
    });
  }
  stream.addEventListener("gone", () => location.assign("/"));
  stream.onerror = () => toast("The connection to the local Discord is lost. Trying again …");
  stream.onopen = () => byId("toast").classList.remove("shown");
}

const messages = byId("messages");
let atEnd = true; // stay there when something comes, or when a picture makes itself room
messages.addEventListener("scroll", () => {
  atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 80;
});
messages.addEventListener("load", () => atEnd && scrollDown(), true);

function scrollDown() {
  messages.scrollTop = messages.scrollHeight;
}

function mark(kind, message, label) {
  about = kind ? { kind, message } : null;
  const place = byId("about");
  place.hidden = !kind;
  place.textContent = kind ? `${label} (Escape to cancel)` : "";
  text?.focus();
}

async function send() {
  const content = text.value.trim();
  if (!content) return;
  const body = { content };
  const deed = about?.kind === "edit" ? "edit" : "say";
  if (about) body[about.kind === "edit" ? "message_id" : "reply_to"] = about.message;
  text.value = "";
  grow();
  mark(null);
  if (!(await act(deed, body))) text.value = content;
  else scrollDown();
}

function grow() {
  text.style.height = "auto"; // set through the CSSOM, which a style policy allows
  text.style.height = `${Math.min(text.scrollHeight, 200)}px`;
}

async function openPalette() {
  if (palette.hidden) {
    palette.hidden = false;
    const answer = await fetch(`/_play/${channel}/commands`);
    palette.innerHTML = await answer.text();
  }
  const words = text.value.slice(1).trim().toLowerCase();
  for (const one of palette.querySelectorAll("details")) {
    one.hidden = !one.dataset.words.includes(words) && !words.startsWith(one.dataset.words);
  }
}

function startCommand() {
  if (!palette.hidden) return closePalette();
  text.value = "/";
  text.focus();
  openPalette();
}

function closePalette() {
  palette.hidden = true;
  palette.replaceChildren();
}

function chooseCommand() {
  const first = palette.querySelector("details:not([hidden])");
  if (!first) return toast("There is no such command.");
  first.open = true;
  const form = first.querySelector("form");
  (form.querySelector("input:not([type=hidden]), select") || form.querySelector("button")).focus();
}

const READ = { 4: Number, 10: Number, 5: (value) => value === "true" };

function optionsOf(form) {
  const options = {};
  for (const field of form.querySelectorAll("[name]")) {
    if (field.value !== "") options[field.name] = (READ[field.dataset.type] || String)(field.value);
  }
  return options;
}

async function runCommand(form) {
  const body = { command: form.dataset.command, options: optionsOf(form) };
  closePalette();
  text.value = "";
  text.focus();
  if (await act("command", body)) scrollDown();
}

async function suggest(field) {
  const form = field.closest("form");
  const hidden = field.nextElementSibling;
  const list = hidden.nextElementSibling;
  hidden.value = field.dataset.suggest === "autocomplete" ? field.value : "";
  const body =
    field.dataset.suggest !== "autocomplete"
      ? { q: field.value }
      : { command: form.dataset.command, options: { ...optionsOf(form), [hidden.name]: field.value }, focused: hidden.name };
  const told = await act(field.dataset.suggest, body);
  list.replaceChildren(
    ...(told?.choices || []).map((choice) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = choice.name;
      button.addEventListener("click", () => {
        field.value = choice.name;
        hidden.value = choice.value;
        list.replaceChildren();
      });
      return button;
    }),
  );
}

function openDialog(html) {
  dialog.innerHTML = html;
  dialog.showModal();
}

function askForThread(message) {
  const forum = byId("new-thread")?.dataset.forum;
  const body = forum ? '<textarea name="content" rows="4" required placeholder="First message"></textarea>' : "";
  openDialog(
    `<form class="modal" data-thread="${message || ""}"><h2>${forum ? "New post" : "New thread"}</h2>` +
      `<label class="field">Name<input name="name" required maxlength="100"></label>${body}` +
      '<p class="actions"><button type="button" class="button plain" data-do="close">Cancel</button>' +
      '<button class="button">Open</button></p></form>',
  );
}

async function sendDialog(form) {
  const fields = [...form.querySelectorAll("[name]")];
  const values = Object.fromEntries(
    fields.map((one) => [one.name, one.tagName === "SELECT" ? chosenIn(one) : one.value]),
  );
  const { thread, interaction } = form.dataset;
  dialog.close();
  if (interaction) return act("submit", { interaction_id: interaction, values });
  return act("thread", { ...values, message_id: thread || null, forum: Boolean(byId("new-thread")?.dataset.forum) });
}

const chosenIn = (select) => [...select.selectedOptions].map((one) => one.value).filter(Boolean);

const DO = {
  reply: (at) => mark("reply", at.dataset.message, `Replying to ${at.dataset.author}`),
  edit: (at) => {
    text.value = at.dataset.content || "";
    mark("edit", at.dataset.message, "Editing your message");
    grow();
  },
  delete: (at) => act("delete", { message_id: at.dataset.message }),
  thread: (at) => askForThread(at.dataset.message),
  dismiss: (at) => act("dismiss", { message_id: at.dataset.message }),
  close: () => dialog.close(),
};

function clicked(event) {
  const target = event.target.closest("[data-do],[data-react],[data-click],[data-voice],[data-toggle],#menu,#new-thread,#slash");
  if (!target) {
    if (!event.target.closest("aside,.rail")) document.body.classList.remove("open");
    return;
  }
  const at = target.closest("[data-message]");
  const { do: doing, react, click, voice, toggle } = target.dataset;
  if (doing) DO[doing](at);
  else if (react) act("react", { message_id: at.dataset.message, emoji: react });
  else if (click) act("click", { message_id: at.dataset.message, custom_id: click });
  else if (voice !== undefined) act("voice", { to: voice || null });
  else if (toggle) act("voice", { toggle });
  else if (target.id === "slash") startCommand();
  else if (target.id === "menu") document.body.classList.toggle("open");
  else askForThread(null);
}

function changed(event) {
  const field = event.target;
  if (field.id === "status") act("status", { status: field.value });
  if (field.id === "reachable") act("reachable", { on: field.checked });
  const at = field.closest("#messages [data-message]");
  if (at && field.dataset.select) {
    act("click", { message_id: at.dataset.message, custom_id: field.dataset.select, values: chosenIn(field) });
  }
}

function keyed(event) {
  if (event.key === "Escape") {
    if (about || !palette.hidden) text.value = "";
    closePalette();
    if (about) mark(null);
  } else if (event.key === "Enter" && !event.shiftKey && event.target === text) {
    event.preventDefault();
    if (text.value.startsWith("/")) chooseCommand();
    else send();
  } else if (event.key === "Enter" && event.target.matches("[role=button]")) {
    event.target.click();
  }
}

document.addEventListener("click", clicked);
document.addEventListener("change", changed);
document.addEventListener("keydown", keyed);
document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target === composer) text.value.startsWith("/") ? chooseCommand() : send();
  else if (event.target.dataset.command) runCommand(event.target);
  else sendDialog(event.target);
});
document.addEventListener("input", (event) => {
  if (event.target === text) {
    grow();
    if (text.value.startsWith("/")) openPalette();
    else closePalette();
  } else if (event.target.dataset.suggest) suggest(event.target);
});
document.addEventListener("focusin", (event) => {
  if (event.target.dataset.suggest && !event.target.value) suggest(event.target);
});

for (const id of LIVE) for (const one of byId(id).children) was.set(one, one.outerHTML);
localise(document);
scrollDown();
text?.focus();
listen();
