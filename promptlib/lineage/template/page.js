"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const COLUMN = 92, ROW = 56, WIDTH = 48, HEIGHT = 22, LEFT = 40, LOW = 31;
  const NEAREST = 2.5, MARGIN = 300;
  const byId = (id) => document.getElementById(id);
  const stage = byId("stage"), view = byId("view"), panel = byId("panel"), search = byId("search"), hits = byId("hits");
  const svg = (name, values) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
    return made;
  };
  const html = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  const x = data.spots.map(([column]) => LEFT + column * COLUMN);
  const y = data.spots.map(([, row]) => row * ROW + LOW);
  const back = data.nodes.map(() => []), forth = data.nodes.map(() => []);
  data.edges.forEach(([kind, source, target], at) => { back[source].push([kind, target, at]); forth[target].push([kind, source, at]); });
  const laneOf = new Array(data.nodes.length);
  const laneAt = [];
  data.lanes.forEach(([, row, count], lane) => { for (let at = row; at < row + count; at++) laneAt[at] = lane; });
  data.spots.forEach(([, row], at) => { laneOf[at] = laneAt[row]; });
  const size = {
    width: LEFT * 2 + COLUMN * data.spots.reduce((most, [column]) => Math.max(most, column), 0) + WIDTH,
    height: ROW * data.lanes.reduce((most, [, row, count]) => Math.max(most, row + count), 0),
  };
  let scale = 1, left = 0, top = 0, chosen = null, drawn = null, waiting = false;
  let found = [];

  // --- drawing: only what is near the window is in the document -----------------------------------------------------

  const curve = (source, target) => {
    const from = x[target] + WIDTH / 2, to = x[source] - WIDTH / 2;
    const bend = Math.max(24, Math.min(120, Math.abs(to - from) / 2));
    return `M${from} ${y[target]}C${from + bend} ${y[target]} ${to - bend} ${y[source]} ${to} ${y[source]}`;
  };

  const drawNode = (at) => {
    const node = data.nodes[at];
    const names = ["node", node.current && "current", node.missing && "missing", at === data.marked && "marked",
      at === chosen && "chosen", found.includes(at) && "hit"].filter(Boolean);
    const group = svg("g", { class: names.join(" "), transform: `translate(${x[at]} ${y[at]})`, "data-at": at });
    group.append(svg("rect", { x: -WIDTH / 2, y: -HEIGHT / 2, width: WIDTH, height: HEIGHT, rx: 11 }));
    const text = svg("text", { y: 4 });
    text.textContent = node.short;
    group.append(text);
    if (node.labels.length) {
      const label = svg("text", { y: 20, class: "label" });
      const all = node.labels.join(", ");
      label.textContent = all.length > 16 ? all.slice(0, 15) + "…" : all;
      group.append(label);
    }
    const title = svg("title", {});
    title.textContent = node.text + (node.message[0] ? "\n" + node.message[0] : "");
    group.append(title);
    return group;
  };

  const draw = (force) => {
    waiting = false;
    const box = stage.getBoundingClientRect();
    const window = { left: -left / scale, top: -top / scale, right: (box.width - left) / scale, bottom: (box.height - top) / scale };
    const far = scale < 0.45;
    view.setAttribute("transform", `translate(${left} ${top}) scale(${scale})`);
    const inside = drawn && !force && drawn.far === far && window.left >= drawn.left && window.top >= drawn.top
      && window.right <= drawn.right && window.bottom <= drawn.bottom && drawn.scale / scale < 1.6 && scale / drawn.scale < 1.6;
    if (!inside) {
      const more = MARGIN / scale;
      drawn = { left: window.left - more, top: window.top - more, right: window.right + more, bottom: window.bottom + more, far, scale };
      view.setAttribute("class", far ? "far" : "");
      const lanes = [];
      data.lanes.forEach(([, row, count], lane) => {
        if (lane % 2 === 0 && row * ROW < drawn.bottom && (row + count) * ROW > drawn.top)
          lanes.push(svg("rect", { x: -1e6, y: row * ROW, width: 2e6 + size.width, height: count * ROW }));
      });
      byId("lanes").replaceChildren(...lanes);
      const edges = [];
      for (const [kind, source, target] of data.edges) {
        if (Math.min(x[source], x[target]) > drawn.right || Math.max(x[source], x[target]) < drawn.left
          || Math.min(y[source], y[target]) > drawn.bottom || Math.max(y[source], y[target]) < drawn.top) continue;
        const near = chosen !== null && (source === chosen || target === chosen);
        edges.push(svg("path", { d: curve(source, target), class: `k${kind}${near ? " near" : ""}` }));
      }
      byId("edges").replaceChildren(...edges);
      const nodes = [];
      for (let at = 0; at < data.nodes.length; at++)
        if (x[at] > drawn.left - WIDTH && x[at] < drawn.right + WIDTH && y[at] > drawn.top - ROW && y[at] < drawn.bottom + ROW) nodes.push(drawNode(at));
      byId("nodes").replaceChildren(...nodes);
    }
    drawNames(box);
  };

  const drawNames = (box) => {
    const names = [];
    let free = -Infinity;
    data.lanes.forEach(([name, row], lane) => {
      const at = top + row * ROW * scale;
      if (at < -20 || at > box.height || at < free) return;
      free = at + 17;
      const span = html("span", name, data.marked !== null && laneOf[data.marked] === lane ? "marked" : "");
      span.style.top = `${Math.round(at)}px`;
      names.push(span);
    });
    byId("names").replaceChildren(...names);
  };

  const redraw = (force) => {
    if (force) drawn = null;
    if (!waiting) { waiting = true; requestAnimationFrame(() => draw(false)); }
  };

  const zoom = (factor, px, py) => {
    const box = stage.getBoundingClientRect();
    const atX = px === undefined ? box.width / 2 : px, atY = py === undefined ? box.height / 2 : py;
    const next = Math.min(NEAREST, Math.max(Math.min(0.02, fitted(box)), scale * factor));
    left = atX - (atX - left) * next / scale;
    top = atY - (atY - top) * next / scale;
    scale = next;
    redraw();
  };

  const fitted = (box) => Math.min(box.width / size.width, (box.height - 30) / size.height);
  const showAll = () => {
    const box = stage.getBoundingClientRect();
    scale = Math.min(1, Math.max(0.002, fitted(box)));
    left = Math.max(0, (box.width - size.width * scale) / 2);
    top = Math.max(0, (box.height - size.height * scale) / 2);
    redraw(true);
  };
  const centre = (at) => {
    const box = stage.getBoundingClientRect();
    left = box.width * 0.55 - x[at] * scale;
    top = box.height / 2 - y[at] * scale;
    redraw(true);
  };
  const reveal = (at) => {
    const box = stage.getBoundingClientRect();
    if (scale < 0.45) { scale = 1; centre(at); return; }
    const px = left + x[at] * scale, py = top + y[at] * scale;
    if (px < 60 || py < 30 || px > box.width - 60 || py > box.height - 40) centre(at); else redraw(true);
  };

  // --- the panel ----------------------------------------------------------------------------------------------------

  const jump = (at, before, after) => {
    const item = html("li", before);
    const button = html("button", data.nodes[at].text);
    button.type = "button";
    button.addEventListener("click", () => { choose(at); panel.focus(); });
    item.append(button);
    if (after) item.append(" " + after);
    return item;
  };

  const section = (title, items) => {
    if (!items.length) return [];
    const list = html("ul");
    list.append(...items.slice(0, 200));
    if (items.length > 200) list.append(html("li", `… and ${items.length - 200} more`, "dim"));
    return [html("h3", title), list];
  };

  const difference = (at) => {
    const node = data.nodes[at], known = data.diffs[at];
    if (node.missing) return [html("p", "This version is pinned here, and the store does not hold it.", "dim")];
    if (node.run) return [];
    if (!known) {
      const origin = back[at].find(([kind]) => kind < 4);
      const command = origin ? `promptlib diff ${data.nodes[origin[1]].ref} ${node.ref}` : `promptlib show ${node.ref}`;
      return [html("h3", "What it changed"), html("p", "This difference is not in the page. To see it:", "dim"), html("code", command)];
    }
    const box = html("div", undefined, "diff");
    for (const line of known.lines) {
      const row = html("div");
      for (const [style, text] of line) row.append(html(style === "add" ? "ins" : style === "del" ? "del" : "span", text, style));
      box.append(row);
    }
    return [html("h3", known.to === null ? "What it began with" : `What it changed in ${data.nodes[known.to].text}`), box];
  };

  const choose = (at) => {
    chosen = at;
    const node = data.nodes[at];
    const parts = [html("h2", node.text)];
    if (node.labels.length || node.current) {
      const row = html("p");
      if (node.current) row.append(html("span", "newest", "chip"));
      for (const label of node.labels) row.append(html("span", label, "chip"));
      parts.push(row);
    }
    if (node.author || node.time) parts.push(html("p", [node.author, node.time].filter(Boolean).join(", "), "dim"));
    if (node.message[0]) parts.push(html("p", node.message.join("\n"), "message"));
    if (node.trust !== "own") parts.push(html("p", "foreign text", "dim"));
    if (node.vouched) parts.push(html("p", `vouched: ${node.vouched}`));
    parts.push(...difference(at));
    parts.push(...section("It follows from, or uses", back[at].map(([kind, target]) => jump(target, `${data.kinds[kind]} `))));
    parts.push(...section("What came of it", forth[at].map(([kind, source]) => jump(source, "", `${data.kinds[kind]} this`))));
    if (node.digest) parts.push(html("h3", "Digest"), html("code", node.digest));
    panel.replaceChildren(...parts);
    panel.scrollTop = 0;
    reveal(at);
  };

  // --- hands --------------------------------------------------------------------------------------------------------

  const fingers = new Map();
  let moved = false;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    moved = moved && fingers.size > 1;
  });
  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const dx = event.clientX - before[0], dy = event.clientY - before[1];
    if (!moved && Math.hypot(dx, dy) < 4) return;
    if (!moved) { moved = true; stage.setPointerCapture(event.pointerId); stage.classList.add("dragged"); }
    if (fingers.size === 2) {
      const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      const box = stage.getBoundingClientRect();
      const was = Math.hypot(before[0] - other[0], before[1] - other[1]), now = Math.hypot(event.clientX - other[0], event.clientY - other[1]);
      if (was > 0) zoom(now / was, (event.clientX + other[0]) / 2 - box.left, (event.clientY + other[1]) / 2 - box.top);
    } else { left += dx; top += dy; redraw(); }
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  const lift = (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) { stage.classList.remove("dragged"); setTimeout(() => { moved = false; }, 0); }
  };
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);
  stage.addEventListener("click", (event) => {
    const node = event.target.closest(".node");
    if (node && !moved) choose(Number(node.getAttribute("data-at")));
  });
  stage.addEventListener("wheel", (event) => {
    // In a frame of a notebook the wheel goes on scrolling the notebook.
    if (self !== top_window && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });

  // --- keys ---------------------------------------------------------------------------------------------------------

  const beside = (at, step) => {
    const lane = laneOf[at] + step;
    let best = null;
    for (let other = 0; other < data.nodes.length; other++)
      if (laneOf[other] === lane && (best === null || Math.abs(x[other] - x[at]) < Math.abs(x[best] - x[at]))) best = other;
    return best;
  };
  const edge = (at, last) => {
    let best = at;
    for (let other = 0; other < data.nodes.length; other++)
      if (laneOf[other] === laneOf[at] && (last ? x[other] > x[best] : x[other] < x[best])) best = other;
    return best;
  };
  const steps = {
    ArrowLeft: (at) => back[at].length ? back[at][0][1] : null,
    ArrowRight: (at) => forth[at].length ? forth[at][0][1] : null,
    ArrowUp: (at) => beside(at, -1),
    ArrowDown: (at) => beside(at, 1),
    Home: (at) => edge(at, false),
    End: (at) => edge(at, true),
  };
  const shifts = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.shiftKey && shifts[event.key]) { left += shifts[event.key][0]; top += shifts[event.key][1]; redraw(); }
    else if (steps[event.key] && data.nodes.length) {
      const next = chosen === null ? (data.marked === null ? 0 : data.marked) : steps[event.key](chosen);
      if (next !== null) choose(next);
    } else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") showAll();
    else if (event.key === "Enter") panel.focus();
    else if (event.key === "/") search.focus();
    else return;
    event.preventDefault();
  });
  panel.addEventListener("keydown", (event) => { if (event.key === "Escape") stage.focus(); });
  byId("in").addEventListener("click", () => zoom(1.25));
  byId("out").addEventListener("click", () => zoom(0.8));
  byId("all").addEventListener("click", showAll);

  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    found = [];
    if (wanted) data.nodes.forEach((node, at) => {
      if (node.text.toLowerCase().includes(wanted) || node.labels.some((label) => label.includes(wanted))) found.push(at);
    });
    hits.textContent = wanted ? `${found.length} found` : "";
    if (found.length) reveal(found[found.length - 1]); else redraw(true);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && found.length) {
      const at = found.indexOf(chosen);
      choose(found[(at <= 0 ? found.length : at) - 1]);
    } else if (event.key === "Escape") { search.value = ""; search.dispatchEvent(new Event("input")); stage.focus(); }
  });

  // --- the beginning ------------------------------------------------------------------------------------------------

  const top_window = window.top;
  document.querySelector("h1").textContent = data.title;
  const used = new Set(data.edges.map(([kind]) => kind));
  data.kinds.forEach((word, kind) => {
    if (!used.has(kind)) return;
    const row = html("span");
    const line = svg("svg", { viewBox: "0 0 26 10" });
    line.append(svg("path", { d: "M0 5H26", class: `k${kind}` }));
    row.append(line, word);
    byId("legend").append(row);
  });
  new ResizeObserver(() => redraw(true)).observe(stage);
  showAll();
  if (data.marked !== null) { if (scale < 0.6) { scale = 1; centre(data.marked); } choose(data.marked); }
  else if (scale < 0.35) { scale = 0.8; left = 0; top = 8; redraw(true); }
})();
