"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const html = (name, className, ...inside) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...inside);
    return made;
  };

  // --- copying ------------------------------------------------------------------------------------------------------

  const wanted = (key) => {
    if (key === "text") return data.text;
    if (key === "messages") return JSON.stringify(byId("preview").sent, null, 2);
    if (key === "rendered") return byId("preview").sent.map(({ role, content }) => (byId("preview").sent.length > 1 ? `${role}:\n` : "") + (typeof content === "string" ? content : JSON.stringify(content))).join("\n\n");
    if (key.startsWith("text-")) return byId(key).textContent;
    return data.versions[key] ?? data.codes[Number(key)];
  };
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* no clipboard on this kind of host */ }
    const area = html("textarea", "hidden");
    area.value = text;
    document.body.append(area);
    area.select();
    let done = false;
    try { done = document.execCommand("copy"); } catch { /* told below */ }
    area.remove();
    return done;
  };
  let back = 0;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const done = await copy(wanted(button.dataset.copy));
    button.focus();
    document.querySelectorAll("[data-said]").forEach((each) => delete each.dataset.said);
    button.dataset.said = done ? "Copied" : "Not copied";
    byId("said").textContent = done ? "Copied to the clipboard." : "The browser did not let the page copy.";
    clearTimeout(back);
    back = setTimeout(() => { delete button.dataset.said; byId("said").textContent = ""; }, 2000);
  });

  // --- places and keys ----------------------------------------------------------------------------------------------

  const reveal = () => {
    const place = location.hash.length > 1 && byId(location.hash.slice(1));
    const inside = place && place.querySelector(":scope > details");
    if (!inside) return;
    inside.open = true;
    place.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = /^(?:INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName || "");
    if (event.key === "/" && !typing) { event.preventDefault(); document.querySelector("[data-find]")?.click(); }
  });
})();
