// Live hints. The socket says only that something changed; counts are fetched, and the page is the person's to reload.
// While no socket is open, the counts are asked for every half minute.
(() => {
  const POLL_MS = 30_000;
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
      refresh(topic === "approvals");
      if (topic === "alerts" && document.body.dataset.topic === topic) pill(0);
    });
    socket.addEventListener("close", () => {
      state("polling");
      setTimeout(connect, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    connect();
    setInterval(() => document.documentElement.dataset.live !== "live" && refresh(false), POLL_MS);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-reload]")) location.reload();
  });
})();
