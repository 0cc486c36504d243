// Copying, the test of a new key, tabs of snippets, finding among many boxes, and the keyboard. Every page works without it.
(() => {
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copy).textContent.trim();
    await navigator.clipboard.writeText(text);
    const before = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = before), 1_500);
  };

  // The snippets say MODEL until it is known what the key may call.
  const nameModel = (name) => {
    document.querySelectorAll("pre[id^=snippet-]").forEach((code) => {
      code.textContent = code.textContent.replace('"MODEL"', JSON.stringify(name));
    });
  };

  const testKey = async (button) => {
    const result = document.getElementById(button.dataset.result);
    const key = document.getElementById(button.dataset.test).textContent.trim();
    result.className = "result";
    result.textContent = "Asking…";
    const answer = await fetch(button.dataset.address, { headers: { Authorization: `Bearer ${key}` } }).catch(() => null);
    if (answer && answer.ok) {
      const names = (await answer.json()).data.filter((model) => model.status === "approved").map((model) => model.id);
      result.className = "result good";
      result.textContent = names.length ? `It works. It may call ${names.join(", ")}.` : "It works, but nothing is approved for it yet.";
      if (names.length) nameModel(names[0]);
    } else {
      result.className = "result bad";
      result.textContent = answer ? `Refused with ${answer.status}.` : "The gateway does not answer at this address.";
    }
  };

  const choose = (tab) => {
    const group = tab.closest("[data-tabs]");
    group.querySelectorAll("[role=tab]").forEach((other) => other.setAttribute("aria-selected", other === tab));
    group.querySelectorAll("[role=tabpanel]").forEach((panel) => (panel.hidden = panel.id !== tab.getAttribute("aria-controls")));
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-test], [role=tab], [data-open], [data-close], [data-print]");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    else if (button.dataset.test) testKey(button);
    else if (button.dataset.open) document.getElementById(button.dataset.open).showModal();
    else if ("close" in button.dataset) button.closest("dialog").close();
    else choose(button);
  });

  // A confirmation names what is about to be decided; the verdict is the button that was pressed.
  document.querySelectorAll("[data-verdict]").forEach((button) => {
    button.addEventListener("click", () => {
      const dialog = document.getElementById(button.dataset.verdict);
      if (!document.querySelector("[data-key=reason]").reportValidity()) return;
      dialog.showModal();
    });
  });

  document.querySelectorAll("[data-all]").forEach((box) => {
    box.addEventListener("change", () => {
      document.querySelectorAll(`input[name="${box.dataset.all}"]`).forEach((other) => (other.checked = box.checked));
    });
  });

  // Of many boxes those are shown whose name has what is typed, and those that are ticked.
  document.querySelectorAll(".boxes").forEach((boxes) => {
    const all = [...boxes.children];
    if (all.length < 13) return;
    const find = document.createElement("input");
    find.type = "search";
    find.placeholder = `Find among ${all.length}`;
    find.setAttribute("aria-label", `${boxes.closest("fieldset").querySelector("legend").textContent}: find`);
    find.addEventListener("input", () => {
      const wanted = find.value.trim().toLowerCase();
      all.forEach((box) => (box.hidden = !box.textContent.toLowerCase().includes(wanted) && !box.querySelector(":checked")));
    });
    find.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    boxes.before(find);
  });

  const rows = () => [...document.querySelectorAll("[data-rows] tbody tr")];
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.classList.contains("current"));
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    all.forEach((row) => row.classList.toggle("current", row === next));
    next.querySelector("a").focus();
  };

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "k") {
      event.preventDefault();
      document.querySelector("[data-search]")?.focus();
      return;
    }
    if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const click = (selector) => document.querySelector(selector)?.click();
    const actions = {
      j: () => step(1),
      k: () => step(-1),
      a: () => click("[data-key=approve]:not([disabled])"),
      r: () => click("[data-key=reject]:not([disabled])"),
      c: () => click("[data-key=changes]:not([disabled])"),
      "?": () => document.getElementById("keys")?.showModal(),
    };
    actions[event.key]?.();
  });

  // The sidebar is longer than the window, and a row on a phone. Before its font is there, icons are words.
  const showWhere = () => document.querySelector(".sidebar [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  if (!location.hash) document.fonts.ready.then(showWhere);
})();
