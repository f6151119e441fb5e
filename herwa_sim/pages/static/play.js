// The channel page: sends the user's actions to the server, and applies its live updates (Server-Sent Events).
"use strict";

const LIVE_ELEMENT_IDS = ["servers", "channels", "me", "messages"];
const byId = (id) => document.getElementById(id);
const { channel, proof } = byId("here").dataset;
const texts = JSON.parse(byId("here").dataset.texts); // see texts/channel.py
const composer = byId("composer");
const text = byId("text");
const palette = byId("palette");
const dialog = byId("dialog");
let composerTarget = null; // the message that is being replied to or edited: {kind, message}

// Runs an action of the page (see pages/actions.py); returns its JSON, or null after showing an error.
async function act(action, body = {}) {
  let result;
  try {
    const response = await fetch(`/_play/${channel}/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Proof": proof },
      body: JSON.stringify(body),
    });
    result = await response.json();
  } catch {
    result = { error: texts.unreachable };
  }
  if (result.error) return toast(result.error), null;
  if (result.go) location.assign(result.go);
  if (result.form) openDialog(result.form);
  if (result.answered === false) toast(texts.unanswered);
  return result;
}

function toast(message) {
  const element = byId("toast");
  element.textContent = message;
  element.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => element.classList.remove("shown"), 6000);
}

const sourceHtml = new WeakMap(); // element -> the HTML that it was created from, before times were localized

// Replaces the children of the container by the given HTML. Elements with the same id and HTML are kept, so that
// focus, selection and open menus in them survive.
function patch(container, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const oldElements = new Map([...container.children].map((child) => [child.id, child]));
  let next = container.firstElementChild;
  for (const newElement of [...template.content.children]) {
    const oldElement = oldElements.get(newElement.id);
    const isUnchanged = oldElement && sourceHtml.get(oldElement) === newElement.outerHTML;
    const element = isUnchanged ? oldElement : newElement;
    if (element === next) next = next.nextElementSibling;
    else container.insertBefore(element, next);
    if (isUnchanged) oldElements.delete(newElement.id);
    else sourceHtml.set(newElement, newElement.outerHTML), localizeTimes(newElement);
  }
  for (const removed of oldElements.values()) removed.remove();
}

// Shows times in the browser's time zone and language.
function localizeTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (time.dateTime.length === 10) {
      time.textContent = moment.toLocaleDateString([], { dateStyle: "long", timeZone: "UTC" });
    } else {
      time.title = moment.toLocaleString([], { dateStyle: "full", timeStyle: "short" });
      const today = moment.toDateString() === new Date().toDateString();
      const showsDate = time.hasAttribute("data-whole") || (!today && time.closest("header"));
      const style = showsDate ? { dateStyle: "medium", timeStyle: "short" } : { timeStyle: "short" };
      time.textContent = moment.toLocaleString([], style);
    }
  }
}

function connectLiveUpdates() {
  const stream = new EventSource(`/_play/${channel}/live`);
  for (const id of LIVE_ELEMENT_IDS) {
    stream.addEventListener(id, (event) => {
      const container = byId(id);
      if (id === "me" && container.contains(document.activeElement)) document.activeElement.blur();
      patch(container, JSON.parse(event.data));
      if (id === "messages" && isAtEnd) scrollDown();
      document.body.dataset.live = "yes";
    });
  }
  stream.addEventListener("gone", () => location.assign("/"));
  stream.onerror = () => toast(texts.reconnecting);
  stream.onopen = () => byId("toast").classList.remove("shown");
}

const messages = byId("messages");
let isAtEnd = true; // if so, scroll down again after a new message or when a loaded image changes the layout
messages.addEventListener("scroll", () => {
  isAtEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 80;
});
messages.addEventListener("load", () => isAtEnd && scrollDown(), true);

function scrollDown() {
  messages.scrollTop = messages.scrollHeight;
}

function setComposerTarget(kind, message, label) {
  composerTarget = kind ? { kind, message } : null;
  const element = byId("about");
  element.hidden = !kind;
  element.textContent = kind ? `${label} (${texts.cancelHint})` : "";
  text?.focus();
}

async function send() {
  const content = text.value.trim();
  if (!content) return;
  const body = { content };
  const action = composerTarget?.kind === "edit" ? "edit" : "say";
  if (composerTarget) body[composerTarget.kind === "edit" ? "message_id" : "reply_to"] = composerTarget.message;
  text.value = "";
  resizeComposer();
  setComposerTarget(null);
  if (!(await act(action, body))) text.value = content;
  else scrollDown();
}

function resizeComposer() {
  text.style.height = "auto"; // the style policy (CSP) blocks style attributes, but not changes through the CSSOM
  text.style.height = `${Math.min(text.scrollHeight, 200)}px`;
}

async function openPalette() {
  if (palette.hidden) {
    palette.hidden = false;
    const response = await fetch(`/_play/${channel}/commands`);
    palette.innerHTML = await response.text();
  }
  const query = text.value.slice(1).trim().toLowerCase();
  for (const command of palette.querySelectorAll("details")) {
    command.hidden = !command.dataset.words.includes(query) && !query.startsWith(command.dataset.words);
  }
}

function togglePalette() {
  if (!palette.hidden) return closePalette();
  text.value = "/";
  text.focus();
  openPalette();
}

function closePalette() {
  palette.hidden = true;
  palette.replaceChildren();
}

function openFirstCommand() {
  const command = palette.querySelector("details:not([hidden])");
  if (!command) return toast(texts.unknownCommand);
  command.open = true;
  const form = command.querySelector("form");
  (form.querySelector("input:not([type=hidden]), select") || form.querySelector("button")).focus();
}

// Option type -> parser of the field value; other types are strings.
const OPTION_PARSERS = { 4: Number, 10: Number, 5: (value) => value === "true" };

function readOptions(form) {
  const options = {};
  for (const field of form.querySelectorAll("[name]")) {
    if (field.value !== "") options[field.name] = (OPTION_PARSERS[field.dataset.type] || String)(field.value);
  }
  return options;
}

async function runCommand(form) {
  const body = { command: form.dataset.command, options: readOptions(form) };
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
      : {
          command: form.dataset.command,
          options: { ...readOptions(form), [hidden.name]: field.value },
          focused: hidden.name,
        };
  const result = await act(field.dataset.suggest, body);
  list.replaceChildren(
    ...(result?.choices || []).map((choice) => {
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

function openThreadDialog(message) {
  const forum = byId("new-thread")?.dataset.forum;
  const body = forum ? `<textarea name="content" rows="4" required placeholder="${texts.firstMessage}"></textarea>` : "";
  openDialog(
    `<form class="modal" data-thread="${message || ""}"><h2>${forum ? texts.newPost : texts.newThread}</h2>` +
      `<label class="field">${texts.name}<input name="name" required maxlength="100"></label>${body}` +
      `<p class="actions"><button type="button" class="button plain" data-do="close">${texts.cancel}</button>` +
      `<button class="button">${texts.create}</button></p></form>`,
  );
}

async function submitDialog(form) {
  const fields = [...form.querySelectorAll("[name]")];
  const values = Object.fromEntries(
    fields.map((field) => [field.name, field.tagName === "SELECT" ? getSelectedValues(field) : field.value]),
  );
  const { thread, interaction } = form.dataset;
  dialog.close();
  if (interaction) return act("submit", { interaction_id: interaction, values });
  return act("thread", { ...values, message_id: thread || null, forum: Boolean(byId("new-thread")?.dataset.forum) });
}

const getSelectedValues = (select) => [...select.selectedOptions].map((option) => option.value).filter(Boolean);

const BUTTON_ACTIONS = {
  reply: (messageElement) => {
    setComposerTarget("reply", messageElement.dataset.message, `${texts.replyingTo} ${messageElement.dataset.author}`);
  },
  edit: (messageElement) => {
    text.value = messageElement.dataset.content || "";
    setComposerTarget("edit", messageElement.dataset.message, texts.editing);
    resizeComposer();
  },
  delete: (messageElement) => act("delete", { message_id: messageElement.dataset.message }),
  thread: (messageElement) => openThreadDialog(messageElement.dataset.message),
  dismiss: (messageElement) => act("dismiss", { message_id: messageElement.dataset.message }),
  close: () => dialog.close(),
};

function handleClick(event) {
  const target = event.target.closest(
    "[data-do],[data-react],[data-click],[data-voice],[data-toggle],#menu,#new-thread,#slash",
  );
  if (!target) {
    if (!event.target.closest("aside,.rail")) document.body.classList.remove("open");
    return;
  }
  const messageElement = target.closest("[data-message]");
  const { do: buttonAction, react, click, voice, toggle } = target.dataset;
  if (buttonAction) BUTTON_ACTIONS[buttonAction](messageElement);
  else if (react) act("react", { message_id: messageElement.dataset.message, emoji: react });
  else if (click) act("click", { message_id: messageElement.dataset.message, custom_id: click });
  else if (voice !== undefined) act("voice", { to: voice || null });
  else if (toggle) act("voice", { toggle });
  else if (target.id === "slash") togglePalette();
  else if (target.id === "menu") document.body.classList.toggle("open");
  else openThreadDialog(null);
}

function handleChange(event) {
  const field = event.target;
  if (field.id === "status") act("status", { status: field.value });
  if (field.id === "reachable") act("reachable", { on: field.checked });
  const messageElement = field.closest("#messages [data-message]");
  if (messageElement && field.dataset.select) {
    const values = getSelectedValues(field);
    act("click", { message_id: messageElement.dataset.message, custom_id: field.dataset.select, values });
  }
}

function handleKeydown(event) {
  if (event.key === "Escape") {
    if (composerTarget || !palette.hidden) text.value = "";
    closePalette();
    if (composerTarget) setComposerTarget(null);
  } else if (event.key === "Enter" && !event.shiftKey && event.target === text) {
    event.preventDefault();
    if (text.value.startsWith("/")) openFirstCommand();
    else send();
  } else if (event.key === "Enter" && event.target.matches("[role=button]")) {
    event.target.click();
  }
}

document.addEventListener("click", handleClick);
document.addEventListener("change", handleChange);
document.addEventListener("keydown", handleKeydown);
document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target === composer) text.value.startsWith("/") ? openFirstCommand() : send();
  else if (event.target.dataset.command) runCommand(event.target);
  else submitDialog(event.target);
});
document.addEventListener("input", (event) => {
  if (event.target === text) {
    resizeComposer();
    if (text.value.startsWith("/")) openPalette();
    else closePalette();
  } else if (event.target.dataset.suggest) suggest(event.target);
});
document.addEventListener("focusin", (event) => {
  if (event.target.dataset.suggest && !event.target.value) suggest(event.target);
});

for (const id of LIVE_ELEMENT_IDS) for (const child of byId(id).children) sourceHtml.set(child, child.outerHTML);
localizeTimes(document);
scrollDown();
text?.focus();
connectLiveUpdates();
