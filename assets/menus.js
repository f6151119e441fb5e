// Menus (popovers with the class `sheet`) and search fields: focus, keys, search. Escape and a click outside close a menu.
(() => {
  const hasMouse = () => matchMedia("(pointer: fine)").matches;
  const listChoices = (sheet) => [...sheet.querySelectorAll(".choice")].filter((choice) => choice.checkVisibility());

  // Ignores case and diacritics.
  const normalize = (text) => text.trim().normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
  const getSearchText = (element) => [...element.querySelectorAll("bdi")].map((name) => name.textContent).join(" ") || element.textContent;
  const search = (input) => {
    const query = normalize(input.value);
    for (const element of document.querySelectorAll(input.dataset.search)) {
      element.hidden = !normalize(getSearchText(element)).includes(query);
    }
    for (const element of document.querySelectorAll("[data-query]")) element.textContent = input.value.trim();
  };
  const clearSearch = (input) => {
    input.value = "";
    search(input);
  };

  // An open menu takes the focus: its search field, else its selected entry. On touch screens not the search field,
  // because that would open the on-screen keyboard.
  const focusFirst = (sheet) => {
    const choices = listChoices(sheet);
    const first = sheet.querySelector(".choice[aria-current=true]") ?? choices[0];
    (hasMouse() ? sheet.querySelector("[data-search]") ?? first : sheet.querySelector(".sheet-head button") ?? first)?.focus();
  };
  document.addEventListener("toggle", (event) => {
    const sheet = event.target;
    if (!sheet.matches?.(".sheet")) return;
    if (event.newState === "open") focusFirst(sheet);
    const input = sheet.querySelector("[data-search]");
    if (event.newState === "closed" && input) clearSearch(input);
  }, true);

  document.addEventListener("click", (event) => {
    event.target.closest?.(".sheet a, .sheet [data-closes]")?.closest(".sheet").hidePopover();
  });
  // A click outside of an open menu only closes it: without this, a click on the chart would zoom.
  window.addEventListener("mousedown", (event) => {
    if (document.querySelector(".sheet:popover-open") && event.target.closest?.(".chart")) event.stopPropagation();
  }, true);
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-search]")) search(event.target);
  });
  // What is loaded after something was typed is searched, too.
  new MutationObserver((changes) => {
    const hasNewElements = changes.some(({ addedNodes }) => [...addedNodes].some((node) => node instanceof Element));
    if (!hasNewElements) return;
    for (const input of document.querySelectorAll("[data-search]")) if (input.value) search(input);
  }).observe(document, { subtree: true, childList: true });

  document.addEventListener("keydown", (event) => {
    const sheet = event.target.closest?.(".sheet");
    const isSearch = event.target.matches?.("[data-search]");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isSearch && !sheet && event.key === "Escape") {
      clearSearch(event.target);
      event.target.blur();
      event.preventDefault();
    }
    if (sheet && (isSearch || !event.target.matches("input, select"))) moveInMenu(event, sheet, isSearch);
    if (isSearch && !sheet && event.key === "Enter") openFirst(event, document.querySelectorAll(event.target.dataset.search));
  }, true);

  const openFirst = (event, choices) => {
    const first = [...choices].find((choice) => choice.matches("a, button") && choice.checkVisibility());
    if (!event.target.value.trim() || !first) return;
    event.preventDefault();
    first.click();
  };

  const moveInMenu = (event, sheet, isSearch) => {
    const choices = listChoices(sheet);
    const index = choices.indexOf(event.target.closest(".choice"));
    const input = sheet.querySelector("[data-search]");
    if (isSearch && event.key === "Enter") return openFirst(event, choices);
    if (input && !isSearch && event.key.length === 1 && event.key !== " ") return input.focus();
    if (isSearch && (event.key === "Home" || event.key === "End")) return;
    const target = {
      ArrowDown: choices[index + 1] ?? choices[0],
      ArrowUp: choices[index - 1] ?? input ?? choices.at(-1),
      Home: choices[0],
      End: choices.at(-1),
    }[event.key];
    if (!target) return;
    event.preventDefault();
    target.focus();
  };
})();
