// What the pages do without asking the server: keys, sheets, tips, searching cards, the clock that asks for news.
// It only ever clicks things that are on the page, so that everything a key does can be done by hand too.
(() => {
  const root = document.documentElement;
  const stored = { get: (name) => localStorage.getItem(`herwa.${name}`), set: (name, to) => localStorage.setItem(`herwa.${name}`, to) };
  const mode = localStorage.getItem("theme");
  if (mode === "dark" || mode === "light") root.classList.add(mode);

  const openSheet = () => document.querySelector(".sheet:popover-open");
  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");

  if (stored.get("known")) root.classList.add("known");

  const narrow = () => root.classList.toggle("narrow-rail", stored.get("rail") === "narrow");
  narrow();

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = event.target.closest?.(".week td");
    if (cell && event.key.startsWith("Arrow")) {
      event.preventDefault();
      const row = cell.parentElement;
      const at = [...row.cells].indexOf(cell);
      const beside = {
        ArrowLeft: row.cells[at - 1],
        ArrowRight: row.cells[at + 1],
        ArrowUp: row.previousElementSibling?.cells[at],
        ArrowDown: row.nextElementSibling?.cells[at],
      }[event.key];
      if (beside?.matches("td")) beside.focus();
      return;
    }
    if (event.target.matches?.("[data-search]") && event.key === "Escape") {
      event.target.value = "";
      search(event.target);
      event.target.blur();
      return;
    }
    if (typing(event.target)) return;
    if (event.key === "Escape" && openSheet()) return;
    const name = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    const target = document.querySelector(`[data-key="${CSS.escape(name)}"]`);
    if (!target || target.getAttribute("aria-disabled") === "true") return;
    event.preventDefault();
    if (target.matches("input")) target.focus();
    else target.click();
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".sheet a, .sheet [data-closes]");
    if (link) link.closest(".sheet").hidePopover();
    if (event.target.closest?.("[data-rail]")) {
      stored.set("rail", root.classList.contains("narrow-rail") ? "wide" : "narrow");
      narrow();
      window.dispatchEvent(new Event("resize")); // the chart has another width now
    }
    const copied = event.target.closest?.("[data-copy]");
    if (copied) navigator.clipboard?.writeText(copied.dataset.copy).then(() => say(copied, "Copied"));
  });

  const plain = (text) => text.trim().normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
  const names = (found) => [...found.querySelectorAll("bdi")].map((name) => name.textContent).join(" ") || found.textContent;
  const search = (input) => {
    const wanted = plain(input.value);
    for (const found of document.querySelectorAll(input.dataset.search)) {
      found.hidden = !plain(names(found)).includes(wanted);
    }
  };
  // A sheet with a search is typed into as soon as it opens, or letters would be taken for keys; on a phone a tap asks for it.
  document.addEventListener("toggle", (event) => {
    const input = event.target.querySelector?.("[data-search]");
    if (!input) return;
    if (event.newState === "open" && matchMedia("(pointer: fine)").matches) input.focus();
    if (event.newState === "closed") {
      input.value = "";
      search(input);
    }
  }, true);
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-search]")) search(event.target);
  });

  let tip;
  const hideTip = () => tip?.matches(":popover-open") && tip.hidePopover();
  const say = (owner, text) => {
    if (!tip?.isConnected) {
      tip = document.createElement("div");
      tip.id = "tip";
      tip.setAttribute("role", "tooltip");
      tip.popover = "manual";
      document.body.append(tip);
    }
    tip.textContent = text;
    tip.hidePopover?.();
    tip.showPopover();
    const at = owner.getBoundingClientRect();
    const left = at.left + at.width / 2 - tip.offsetWidth / 2;
    const above = at.top - tip.offsetHeight - 8;
    tip.style.left = `${Math.max(8, Math.min(left, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${above > 8 ? above : at.bottom + 8}px`;
  };
  const showTip = (event) => {
    const owner = event.target.closest?.("[data-tip]");
    if (!owner) hideTip();
    else if (event.type === "pointerover" || owner.matches(":focus-visible")) say(owner, owner.dataset.tip);
  };
  document.addEventListener("pointerover", showTip);
  document.addEventListener("focusin", showTip);
  document.addEventListener("focusout", hideTip);
  document.addEventListener("scroll", hideTip, { capture: true, passive: true });

  const news = () => {
    if (document.visibilityState !== "visible") return;
    for (const asker of document.querySelectorAll("[data-every]")) {
      const due = Number(asker.dataset.due || 0);
      if (due && Date.now() >= due) asker.click();
      if (!due || Date.now() >= due) asker.dataset.due = Date.now() + Number(asker.dataset.every) * 1000;
    }
  };
  setInterval(news, 500);
  document.addEventListener("visibilitychange", news);
})();
