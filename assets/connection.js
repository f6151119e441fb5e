// Watches the page's WebSocket. Without a connection <html> has the class `offline`, a banner shows the age of the data,
// and the controls of the page do nothing.
(() => {
  const EVENTS_PATH = "/_rx/_event";
  const PROBE = "6"; // an Engine.IO packet without meaning; herwa_web/serving/websocket_guard.py answers it
  const PROBE_AFTER_MS = 1000; // silence after which the server is asked for an answer
  const ANSWER_TIMEOUT_MS = 1250;
  const ABANDON_AFTER_MS = 6000; // a socket without an answer for this long is replaced
  const CONNECT_TIMEOUT_MS = 3000;
  const GRACE_MS = 1000; // a reconnection that is faster shows no banner
  const FIRST_CONNECTION_MS = 6000;
  const TICK_MS = 250;
  const RECONNECT_EVERY_MS = 800;
  const MAX_HOLD_MS = 2500;
  const LATE_DOWNLOAD_MS = 5000;
  const MAX_DRAG_MS = 20000;
  const EVENT_FRAME = "42";
  const LOADED = /"phase_rx_state_":"(?!loading"|unknown")|"_redirect"/; // a page's state after its data has arrived

  const root = document.documentElement;
  const startedAt = Date.now();
  let socket;
  let connectingSince = startedAt;
  let downSince = startedAt;
  let heardAt = startedAt;
  let askedAt = 0;
  let lostAt = 0;
  let clickedAt = 0;
  let reconnectAt = 0;
  let tickedAt = startedAt;
  let isLoaded = false;
  let heldFrames; // frames of a new socket that wait until the page's data is complete, so that nothing flashes
  let dragFrames; // frames that wait while the chart is dragged, because a redraw would end the drag
  let isOffline = false;

  const formatTime = ({ loadedAt, zone }) =>
    new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", ...(zone && { timeZone: zone }) }).format(new Date(loadedAt));

  const describe = (data) => {
    if (!isOffline) return data.connected;
    return data.loadedAt ? data.offline.replace("{time}", formatTime(data)) : data.reconnecting;
  };

  const setOffline = (value) => {
    if (value === isOffline) return;
    isOffline = value;
    if (value) lostAt = Date.now();
    root.classList.toggle("offline", value);
    const banner = document.querySelector("[data-offline]");
    if (!banner) return;
    const text = describe(banner.dataset);
    for (const element of document.querySelectorAll("[data-connection]")) element.textContent = text;
  };

  const isConnected = () => socket?.readyState === WebSocket.OPEN;

  // Reflex reconnects when the page becomes visible.
  const reconnect = () => document.dispatchEvent(new Event("visibilitychange"));

  // Closing a socket that gets no answer would take minutes, so its owner is told at once.
  const abandon = (silentSocket) => {
    const { onclose } = silentSocket;
    silentSocket.onmessage = silentSocket.onerror = silentSocket.onclose = null;
    silentSocket.isAbandoned = true;
    silentSocket.close();
    onclose?.call(silentSocket, new CloseEvent("close", { code: 1006 }));
  };

  const deliver = (target) => {
    const frames = heldFrames;
    heldFrames = undefined;
    for (const data of frames) target.onmessage?.(new MessageEvent("message", { data }));
    setOffline(false);
  };

  const receive = (event) => {
    const target = event.target;
    if (target.isAbandoned) return;
    const wasOffline = isOffline;
    heardAt = Date.now();
    askedAt = 0;
    if (event.data === PROBE) event.stopImmediatePropagation();
    if (typeof event.data !== "string" || !event.data.startsWith(EVENT_FRAME)) {
      if (wasOffline && target.isHydrated) refresh();
      return;
    }
    // A download that was requested before the connection was lost comes too late.
    if (event.data.includes('"_download"') && clickedAt < lostAt && Date.now() - clickedAt > LATE_DOWNLOAD_MS) {
      event.stopImmediatePropagation();
      return;
    }
    isLoaded ||= LOADED.test(event.data);
    if (dragFrames && !heldFrames) {
      event.stopImmediatePropagation();
      dragFrames.push([target, event.data]);
    } else if (heldFrames) {
      event.stopImmediatePropagation();
      if (!heldFrames.length) setTimeout(() => heldFrames && target === socket && deliver(target), MAX_HOLD_MS);
      heldFrames.push(event.data);
      if (LOADED.test(event.data)) deliver(target);
    } else if (wasOffline) refresh();
    target.isHydrated = true;
    downSince = 0;
  };

  const endDrag = () => {
    const frames = dragFrames ?? [];
    dragFrames = undefined;
    for (const [target, data] of frames) if (target === socket) target.onmessage?.(new MessageEvent("message", { data }));
  };
  window.addEventListener("mousedown", ({ target }) => {
    if (dragFrames || !target.closest?.(".js-plotly-plot .draglayer")) return;
    const frames = (dragFrames = []);
    setTimeout(() => frames === dragFrames && endDrag(), MAX_DRAG_MS);
  }, true);
  for (const type of ["mouseup", "blur"]) window.addEventListener(type, () => setTimeout(endDrag), true); // Plotly is first

  // The same socket answers again: load what has changed in the meantime.
  const refresh = () => {
    setOffline(false);
    for (const button of document.querySelectorAll("[data-every]")) button.click();
  };

  const NativeWebSocket = window.WebSocket;
  window.WebSocket = class extends NativeWebSocket {
    constructor(url, ...rest) {
      super(url, ...rest);
      if (!String(url).includes(EVENTS_PATH)) return;
      socket = this;
      connectingSince = heardAt = Date.now();
      askedAt = 0;
      heldFrames = isLoaded ? [] : undefined;
      this.addEventListener("message", receive);
      this.addEventListener("close", () => {
        if (this === socket) downSince ||= Date.now();
      });
    }
  };

  const checkOpenSocket = (now) => {
    if (!askedAt && now - heardAt >= PROBE_AFTER_MS) {
      socket.send(PROBE);
      askedAt = now;
    }
    if (askedAt && now - askedAt >= ANSWER_TIMEOUT_MS) setOffline(true);
    if (isOffline && now - heardAt >= ABANDON_AFTER_MS) abandon(socket);
  };

  const checkClosedSocket = (now) => {
    if (downSince && now - downSince >= (isLoaded ? GRACE_MS : FIRST_CONNECTION_MS)) setOffline(true);
    if (socket?.readyState === WebSocket.CONNECTING) {
      if (now - connectingSince >= CONNECT_TIMEOUT_MS) socket.close();
    } else if (socket && now >= reconnectAt) {
      reconnectAt = now + RECONNECT_EVERY_MS * (0.75 + Math.random() / 2);
      reconnect();
    }
  };

  const tick = () => {
    const now = Date.now();
    const isLate = now - tickedAt > 4 * TICK_MS; // the page was busy or asleep, so answers may be waiting
    tickedAt = now;
    if (document.visibilityState !== "visible") return;
    if (isLate) {
      askedAt = 0;
      heardAt = Math.max(heardAt, now - PROBE_AFTER_MS);
    } else if (isConnected()) checkOpenSocket(now);
    else checkClosedSocket(now);
  };
  setInterval(tick, TICK_MS);
  window.addEventListener("online", () => {
    reconnectAt = 0;
    if (socket?.readyState === WebSocket.CONNECTING) socket.close();
    tick();
  });
  window.addEventListener("offline", () => {
    heardAt = Math.min(heardAt, Date.now() - PROBE_AFTER_MS); // the network may be gone: ask at once
    tick();
  });

  // While offline, a click or a key changes neither the page nor its address. `data-offline-ok` marks exceptions.
  const isBlocked = (control) =>
    control.getAttribute("aria-disabled") === "true" ||
    (isOffline && control.closest(".shell, .sheet, .footbar") && !control.closest("[data-offline-ok]"));
  const block = (event) => {
    const control = event.target.closest?.("a, button, form");
    if (control && isBlocked(control)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (event.isTrusted && event.type === "click") clickedAt = Date.now();
  };
  for (const type of ["click", "auxclick", "submit"]) window.addEventListener(type, block, true);
})();
