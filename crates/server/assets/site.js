// What the pages can do better with script. Every page is whole without it.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);

  // A page that loads itself says so, and prolongs nothing by it; the address is put right again.
  const automatically = (path) => location.replace(path + "?auto");
  if (location.search === "?auto") history.replaceState(null, "", location.pathname);

  // A form that came back: begin at what needs mending.
  byId("mends")?.focus();

  // A form is sent once; coming back by the history makes it usable again.
  const sent = new WeakSet();
  document.addEventListener("submit", (event) => {
    if (event.target.closest(".tools, [data-again]")) return;
    if (sent.has(event.target)) event.preventDefault();
    else sent.add(event.target);
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  // Live rows: the server sends HTML whose outermost elements carry data-live and an id.
  const rows = document.querySelector("[data-events]");
  const news = byId("news");
  const put = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    const told = [];
    for (const fresh of template.content.querySelectorAll("[data-live]")) {
      const old = byId(fresh.id);
      if (!old || old.outerHTML === fresh.outerHTML) continue;
      if (fresh.dataset.say && old.dataset.kind !== fresh.dataset.kind) told.push(fresh.dataset.say);
      const bar = old.querySelector("progress[value]");
      const freshBar = fresh.querySelector("progress[value]");
      const target = freshBar?.value;
      const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      if (bar && freshBar) freshBar.value = bar.value;
      old.replaceWith(fresh);
      if (bar && freshBar) requestAnimationFrame(() => freshBar.setAttribute("value", target));
      if (focused) [...fresh.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus();
    }
    if (told.length && news) news.textContent = told.join("；");
  };
  if (rows && "EventSource" in window) {
    const source = new EventSource(rows.dataset.events);
    source.addEventListener("rows", (event) => put(event.data));
    source.addEventListener("end", () => source.close());
    source.addEventListener("reload", () => { source.close(); automatically(location.pathname); });
    // A refusal (not a broken line, which the browser mends by itself) closes the source: then ask the server what is.
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) setTimeout(() => automatically(location.pathname), 5000);
    });
    addEventListener("pagehide", () => source.close());
  }

  // A text that is agreed to at its end: the tick waits until the end was seen.
  const reading = document.querySelector("[data-read-to]");
  const tick = reading && reading.querySelector("[name=\"" + reading.dataset.readTo + "\"]");
  if (tick && !tick.checked && "IntersectionObserver" in window) {
    const unread = document.createElement("p");
    unread.className = "unread";
    unread.textContent = reading.dataset.unread;
    reading.before(unread);
    tick.disabled = true;
    const end = new IntersectionObserver((seen) => {
      if (!seen.some((s) => s.isIntersecting)) return;
      tick.disabled = false;
      unread.remove();
      end.disconnect();
    });
    end.observe(tick.closest(".field"));
  }

  // A door that opens again after a while.
  const countdown = document.querySelector("[data-countdown]");
  if (countdown) {
    const opens = Date.now() + Number(countdown.dataset.countdown) * 1000;
    const show = () => {
      const left = Math.ceil((opens - Date.now()) / 1000);
      if (left <= 0) return countdown.parentElement.querySelector(".buttons a")?.click();
      countdown.textContent = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
      countdown.hidden = false;
      setTimeout(show, 500);
    };
    show();
  }

  // What is there for a while only: a clock counts down, and the page is loaded again at the end.
  const clocks = [...document.querySelectorAll("[data-left]")];
  if (clocks.length) {
    const begun = Date.now();
    const pad = (n) => String(n).padStart(2, "0");
    const count = () => {
      for (const clock of clocks) {
        const left = Math.ceil(Number(clock.dataset.left) - (Date.now() - begun) / 1000);
        if (left <= 0) return automatically(location.pathname);
        const hours = Math.floor(left / 3600), minutes = Math.floor(left / 60) % 60;
        clock.textContent = (hours ? hours + ":" + pad(minutes) : minutes) + ":" + pad(left % 60);
      }
      setTimeout(count, 1000);
    };
    count();
  }

  // Waiting: ask in the background, and go on when the answer is no longer “accepted, not done”.
  const waiting = document.querySelector("[data-next]");
  if (waiting) {
    const next = waiting.dataset.next;
    let pause = 1000;
    const ask = async () => {
      try {
        const answer = await fetch(next, { redirect: "manual", cache: "no-store" });
        if (answer.status !== 202) return location.replace(next);
      } catch { /* the line is broken; ask again */ }
      pause = Math.min(pause * 1.5, 8000);
      setTimeout(ask, pause);
    };
    setTimeout(ask, pause);
  }

  // The session: warn two minutes before it ends, offer to go on, and show the end when it comes.
  const session = byId("session");
  if (session) {
    const data = session.dataset;
    const title = session.querySelector(".ending-title");
    const link = session.querySelector("a");
    // A form that was filled in is kept by the server until the citizen has logged in again; it is not carried out.
    const over = () => {
      if (!data.ended) return automatically(link.pathname);
      if (!edited?.isConnected) return location.replace(data.ended);
      const keep = document.createElement("input");
      keep.type = "hidden";
      keep.name = "form_keep";
      keep.value = "1";
      edited.append(keep);
      edited.submit();
    };
    let edited = null;
    document.addEventListener("input", ({ target }) => {
      if (target.form?.method === "post") edited = target.form;
    });
    const tell = (text) => { byId("session-news").textContent = text; };
    const full = Number(data.secondsLeft);
    let end = Date.now() + full * 1000;
    let told = 0;
    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      if (left <= 0) return over();
      session.hidden = left > 120;
      if (left <= 120) {
        const clock = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
        title.textContent = data.title.replace("%", clock);
        if (told < 1) { told = 1; tell(data.title.replace("%", data.minutes)); }
        if (told < 2 && left <= 30) { told = 2; tell(data.title.replace("%", data.half)); }
      }
      setTimeout(tick, left > 120 ? Math.min((left - 120) * 1000, 30000) : 500);
    };
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      try {
        const body = new URLSearchParams({ form_token: data.token });
        const answer = await fetch(data.extend, { method: "POST", body, redirect: "manual" });
        if (!answer.ok) throw new Error(answer.status);
        end = Date.now() + full * 1000;
        told = 0;
        session.hidden = true;
        tell(data.extended);
        byId("main").focus({ preventScroll: true });
      } catch {
        location.assign(link.href);
      }
    });
    tick();
  }
})();
