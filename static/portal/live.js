// Live hints. The socket says only that something changed; counts are fetched, and the page is the person's to reload.
// Figures of usage are fetched where they stand. While no socket is open, both are asked for every half minute.
(() => {
  const POLL_MS = 30_000;
  const STALE_MS = 180_000;
  const RETRY_MS = [1_000, 2_000, 5_000, 15_000, 30_000];
  let failures = 0;
  let known = null;

  const badge = () => {
    const link = document.querySelector('nav a[href="/approvals/"], #nav-sidebar-apps a[href="/approvals/"]');
    return link && { link, element: link.querySelector("[data-badge]") || link.querySelector("span.font-semibold") };
  };

  const show = (count) => {
    const found = badge();
    if (!found) return;
    if (!found.element && count) {
      found.element = document.createElement("span");
      found.element.className = "badge";
      found.element.dataset.badge = "";
      found.link.append(found.element);
    }
    if (found.element) {
      found.element.textContent = count || "";
      found.element.hidden = !count;
    }
  };

  const tell = (count) => {
    const element = document.querySelector("[data-unread]");
    if (element) {
      element.textContent = count || "";
      element.hidden = !count;
    }
  };

  // Rows do not jump: whoever reads fetches them.
  const pill = (added) => {
    const element = document.querySelector("[data-changed]");
    if (!element) return;
    element.textContent = added ? `${added} new – show` : "Changed – reload";
    element.hidden = false;
  };

  const refresh = async (changed) => {
    const since = document.querySelector("[data-read-at]")?.dataset.readAt;
    const query = since ? `?since=${encodeURIComponent(since)}` : "";
    const answer = await fetch(`/counts/${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer || !answer.ok || answer.redirected) return state("offline"); // redirected: to the sign-in
    const counts = await answer.json();
    show(counts.approvals);
    tell(counts.notices);
    if (document.body.dataset.topic === "approvals" && (changed || (known !== null && known !== counts.approvals))) {
      pill(since ? counts.new : 0);
    }
    known = counts.approvals;
  };

  // What is marked as fresh is replaced, unless somebody is in it: then it is with the next hint.
  const renew = async () => {
    const shown = document.querySelector("[data-fresh]");
    if (!shown || document.hidden || shown.contains(document.activeElement)) return;
    const answer = await fetch(location.href).catch(() => null);
    if (!answer || !answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-fresh]");
    if (!fresh) return;
    const open = [...shown.querySelectorAll("details")].map((details) => details.open);
    shown.replaceChildren(...fresh.childNodes);
    shown.querySelectorAll("details").forEach((details, place) => (details.open = open[place] ?? details.open));
  };

  // Sums are counted every half minute. A page that was left open says by itself that its own are old.
  const age = () => {
    document.querySelectorAll("[data-counted]").forEach((said) => {
      const old = Date.now() - Date.parse(said.dataset.counted) > STALE_MS;
      if (old && !said.querySelector(".badge")) {
        const badge = document.createElement("span");
        badge.className = "badge warn";
        badge.textContent = "not up to date";
        said.append(" ", badge);
      }
    });
  };

  const state = (name) => {
    document.documentElement.dataset.live = name;
    const element = document.querySelector("[data-live-state]");
    if (element) element.textContent = { live: "Live", polling: "Updated every 30 s", offline: "Not updated" }[name];
  };

  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/hints/`);
    socket.addEventListener("open", () => {
      failures = 0;
      state("live");
      refresh(false);
    });
    socket.addEventListener("message", (event) => {
      const { topic } = JSON.parse(event.data);
      if (topic === "usage") renew();
      else refresh(topic === "approvals");
      if (topic === "alerts" && document.body.dataset.topic === topic) pill(0);
    });
    socket.addEventListener("close", () => {
      state("polling");
      setTimeout(connect, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    connect();
    setInterval(() => {
      age();
      if (document.documentElement.dataset.live === "live") return;
      refresh(false);
      renew();
    }, POLL_MS);
  });
  document.addEventListener("visibilitychange", renew);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-reload]")) location.reload();
  });
})();
