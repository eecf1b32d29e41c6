"use strict";
(() => {
  const { cards, index, first, short } = JSON.parse(document.getElementById("data").textContent);
  const [NAME, ADDRESS, KIND, TEXT, TAGS, LABELS, INPUTS, TOLD, DAY] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const byId = (id) => document.getElementById(id);
  const find = byId("find"), hits = byId("hits"), more = byId("more"), said = byId("status"), order = byId("order");
  const html = (name, className, ...inside) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...inside);
    return made;
  };

  // --- words: as they are in the index -------------------------------------------------------------------------------

  const UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\u{20000}-\u{3ffff}";
  const PARTS = new RegExp(`[${UNSPACED}]+|(?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}])+`, "gu");
  const PAIRED = new RegExp(`^[${UNSPACED}]`, "u");
  const plain = (text) => text.normalize("NFKC").toLowerCase().replaceAll("ß", "ss")
    .normalize("NFD").replace(/([\u0000-\u03ff])[\u0300-\u036f]+/gu, "$1").normalize("NFC");
  const wordsOf = (text) => (plain(text).match(PARTS) || []).flatMap((run) => {
    if (!PAIRED.test(run)) return [run];
    const signs = [...run];
    return signs.length < 2 ? signs : signs.slice(1).map((sign, at) => signs[at] + sign);
  });

  // M. F. Porter, "An algorithm for suffix stripping" (1980), as SQLite has it.
  const consonant = (word, at) => {
    const letter = word[at];
    if ("aeiou".includes(letter)) return false;
    return letter !== "y" || at === 0 || !consonant(word, at - 1);
  };
  const kinds = (word) => [...word].map((_, at) => consonant(word, at));
  const measure = (word) => kinds(word).reduce((sum, now, at, all) => sum + (at > 0 && now && !all[at - 1] ? 1 : 0), 0);
  const vowelled = (word) => kinds(word).includes(false);
  const doubled = (word) => word.length > 1 && word.at(-1) === word.at(-2) && consonant(word, word.length - 1);
  const shortEnd = (word) => {
    const last = word.length - 1;
    return word.length > 2 && !"wxy".includes(word[last]) && consonant(word, last) && !consonant(word, last - 1) && consonant(word, last - 2);
  };
  const SECOND = [["ational", "ate"], ["tional", "tion"], ["enci", "ence"], ["anci", "ance"], ["izer", "ize"], ["logi", "log"],
    ["bli", "ble"], ["alli", "al"], ["entli", "ent"], ["eli", "e"], ["ousli", "ous"], ["ization", "ize"], ["ation", "ate"],
    ["ator", "ate"], ["alism", "al"], ["iveness", "ive"], ["fulness", "ful"], ["ousness", "ous"], ["aliti", "al"],
    ["iviti", "ive"], ["biliti", "ble"]];
  const THIRD = [["icate", "ic"], ["ative", ""], ["alize", "al"], ["iciti", "ic"], ["ical", "ic"], ["ful", ""], ["ness", ""]];
  const FOURTH = ["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate",
    "iti", "ous", "ive", "ize"];
  const longest = (word, endings) => endings.filter((ending) => word.endsWith(ending[0])).sort((one, other) => other[0].length - one[0].length)[0];
  const changed = (word, endings) => {
    const found = longest(word, endings);
    if (!found) return word;
    const left = word.slice(0, -found[0].length);
    return measure(left) > 0 ? left + found[1] : word;
  };
  const past = (word) => {
    if (word.endsWith("eed")) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
    for (const ending of ["ed", "ing"]) {
      if (!word.endsWith(ending)) continue;
      const left = word.slice(0, -ending.length);
      if (!vowelled(left)) return word;
      if (/(?:at|bl|iz)$/.test(left)) return left + "e";
      if (doubled(left) && !"lsz".includes(left.at(-1))) return left.slice(0, -1);
      return measure(left) === 1 && shortEnd(left) ? left + "e" : left;
    }
    return word;
  };
  const porter = (given) => {
    let word = given;
    if (!/^[a-z]{3,63}$/.test(word)) return word;
    if (/(?:sses|ies)$/.test(word)) word = word.slice(0, -2);
    else if (word.endsWith("s") && !word.endsWith("ss")) word = word.slice(0, -1);
    word = past(word);
    if (word.endsWith("y") && vowelled(word.slice(0, -1))) word = word.slice(0, -1) + "i";
    word = changed(changed(word, SECOND), THIRD);
    const fourth = longest(word, FOURTH.map((ending) => [ending]));
    if (fourth) {
      const left = word.slice(0, -fourth[0].length);
      if (measure(left) > 1 && (fourth[0] !== "ion" || /[st]$/.test(left))) word = left;
    }
    if (word.endsWith("e")) {
      const left = word.slice(0, -1), size = measure(left);
      if (size > 1 || (size === 1 && !shortEnd(left))) word = left;
    }
    return measure(word) > 1 && word.endsWith("ll") ? word.slice(0, -1) : word;
  };

  // --- the index ----------------------------------------------------------------------------------------------------

  const stops = new Set(index.stops);
  const forms = index.words ? index.words.split(" ") : [];
  const groupOf = new Map(forms.map((form, at) => [form, index.groups[at]]));
  const average = index.sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, index.sizes.length) || 1;
  const read = new Map();
  const posts = (group) => {
    if (!read.has(group)) {
      const numbers = index.posts[group].split(" ").map(Number), found = [];
      for (let at = 0, page = 0; at < numbers.length; at += 2) { page += numbers[at]; found.push([page, numbers[at + 1]]); }
      read.set(group, found);
    }
    return read.get(group);
  };
  let stems = null;
  const stemmed = (word) => {
    if (index.language !== "english") return undefined;
    if (!stems) { stems = new Map(); forms.forEach((form, at) => { const stem = porter(form); if (!stems.has(stem)) stems.set(stem, index.groups[at]); }); }
    return stems.get(porter(word));
  };
  const beginning = (start) => {
    let low = 0, high = forms.length;
    while (low < high) { const middle = (low + high) >> 1; if (forms[middle] < start) low = middle + 1; else high = middle; }
    const found = new Set();
    for (; low < forms.length && forms[low].startsWith(start) && found.size < 60; low++) found.add(index.groups[low]);
    return [...found];
  };
  // Edits from one word to another, no more than `most`; a swap of neighbours is one.
  const edits = (one, other, most) => {
    if (Math.abs(one.length - other.length) > most) return most + 1;
    let before = null, last = Array.from({ length: other.length + 1 }, (_, at) => at);
    for (let row = 1; row <= one.length; row++) {
      const now = [row];
      for (let at = 1; at <= other.length; at++) {
        const same = one[row - 1] === other[at - 1] ? 0 : 1;
        now[at] = Math.min(last[at] + 1, now[at - 1] + 1, last[at - 1] + same);
        if (before && at > 1 && one[row - 1] === other[at - 2] && one[row - 2] === other[at - 1]) now[at] = Math.min(now[at], before[at - 2] + 1);
      }
      if (Math.min(...now) > most) return most + 1;
      [before, last] = [last, now];
    }
    return last[other.length];
  };
  const meant = (word) => {
    const most = word.length < 4 ? 0 : word.length < 8 ? 1 : 2;
    let best = null, least = most + 1, commonest = 0;
    if (most) forms.forEach((form, at) => {
      const apart = edits(word, form, Math.min(most, least));
      const known = apart <= most ? posts(index.groups[at]).length : 0;
      if (apart < least || (apart === least && apart <= most && known > commonest)) { best = form; least = apart; commonest = known; }
    });
    return best;
  };
  const K = 1.2, B = 0.75;
  const search = (need) => {
    const all = wordsOf(need).slice(0, 64);
    const open = /[\p{L}\p{N}]$/u.test(need);
    let wanted = [...new Set(all)].filter((word) => !stops.has(word));
    if (!wanted.length && all.length) wanted = open ? [all.at(-1)] : [];
    const scores = new Map(), marked = new Set(), instead = [], why = new Map();
    for (const word of wanted) {
      const last = open && word === all.at(-1);
      let group = groupOf.get(word);
      if (group === undefined) group = stemmed(word);
      const groups = new Map(group === undefined ? [] : [[group, 1]]);
      const sign = PAIRED.test(word) && [...word].length === 1;
      if (sign || (last && word.length > 1)) for (const other of beginning(word)) if (!groups.has(other)) groups.set(other, 0.6);
      if (!groups.size) {
        const guess = meant(word);
        if (guess) { groups.set(groupOf.get(guess), 0.8); instead.push([word, guess]); }
      }
      const best = new Map();
      for (const [each, share] of groups) {
        marked.add(each);
        const found = posts(each), rare = Math.log(1 + (cards.length - found.length + 0.5) / (found.length + 0.5));
        for (const [page, weight] of found) {
          const score = share * rare * weight * (K + 1) / (weight + K * (1 - B + B * index.sizes[page] / average));
          if (score > (best.get(page) || 0)) best.set(page, score);
          if (group === each || group === undefined) why.set(page, (why.get(page) || new Set()).add(each));
        }
      }
      for (const [page, score] of best) scores.set(page, (scores.get(page) || 0) + score);
    }
    const pages = [...scores.keys()].sort((one, other) => scores.get(other) - scores.get(one) || one - other);
    return { pages, marked, instead, why, empty: !wanted.length };
  };

  // --- what is chosen -----------------------------------------------------------------------------------------------

  const folders = (name) => name.split("/").slice(0, -1).map((_, at, parts) => parts.slice(0, at + 1).join("/"));
  const FACETS = {
    kind: (card) => [card[KIND]], folder: (card) => folders(card[NAME]), tag: (card) => card[TAGS],
    label: (card) => card[LABELS], input: (card) => card[INPUTS],
  };
  const chosen = Object.fromEntries(Object.keys(FACETS).map((key) => [key, new Set()]));
  const wide = new Set();
  let shown = first, base = [], results = [], marked = new Set(), why = new Map();

  const fits = (card, but) => Object.entries(chosen).every(([key, values]) => {
    if (!values.size || key === but) return true;
    const has = new Set(FACETS[key](card));
    return [...values].every((value) => has.has(value));
  });

  const shownForms = (card) => new Set(wordsOf(`${card[NAME]} ${card[TEXT]} ${card[TAGS].join(" ")}`).map((word) => groupOf.get(word)));
  // Of a text that is not all on its card: which of the words it holds, in the form that it has.
  const alsoHolds = (at) => {
    const seen = shownForms(cards[at]);
    const hidden = [...(why.get(at) || [])].filter((group) => !seen.has(group)).slice(0, 6);
    return hidden.map((group) => forms[index.groups.indexOf(group)]);
  };

  const marks = (text) => {
    if (!marked.size) return [text];
    const pieces = [];
    let at = 0;
    for (const found of text.matchAll(PARTS)) {
      const hit = wordsOf(found[0]).some((word) => {
        const group = groupOf.get(word);
        return group !== undefined && marked.has(group) && !stops.has(word);
      });
      if (!hit) continue;
      pieces.push(text.slice(at, found.index), html("mark", "", found[0]));
      at = found.index + found[0].length;
    }
    return [...pieces, text.slice(at)];
  };

  const drawCard = (at) => {
    const card = cards[at];
    const cut = card[NAME].lastIndexOf("/") + 1;
    const title = html("h2", "");
    if (cut) title.append(html("span", "folder", ...marks(card[NAME].slice(0, cut))));
    title.append(html("bdi", "", ...marks(card[NAME].slice(cut))));
    if (card[KIND] !== "prompt") title.append(" ", html("span", "chip kind", card[KIND]));
    const foot = html("p", "foot", html("span", "soft", card[TOLD]));
    foot.append(...card[LABELS].map((label) => html("span", "chip label", label)));
    foot.append(...card[TAGS].map((tag) => html("span", "chip", html("bdi", "", tag))));
    const link = html("a", "card", title, html("p", "text", html("bdi", "", ...marks(card[TEXT]))));
    const also = marked.size ? alsoHolds(at) : [];
    if (also.length) link.append(html("p", "found", "In its text: ", ...also.flatMap((word, place) => [place ? ", " : "", html("mark", "", word)])));
    link.append(foot);
    link.href = card[ADDRESS];
    return html("li", "", link);
  };

  const drawFacet = (box) => {
    const key = box.dataset.facet, counts = new Map();
    for (const at of base) {
      if (!fits(cards[at], key === "tag" || key === "input" || key === "label" ? "" : key)) continue;
      for (const value of new Set(FACETS[key](cards[at]))) counts.set(value, (counts.get(value) || 0) + 1);
    }
    for (const value of chosen[key]) if (!counts.has(value)) counts.set(value, 0);
    const values = [...counts].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
    const held = values.filter(([value], at) => wide.has(key) || at < short || chosen[key].has(value));
    const focused = document.activeElement?.dataset?.key === key ? document.activeElement.dataset.value : null;
    box.querySelector("ul").replaceChildren(...held.map(([value, count]) => {
      const button = html("button", "", html("bdi", "", value), " ", html("span", "", count.toLocaleString("en")));
      button.type = "button";
      button.dataset.key = key;
      button.dataset.value = value;
      button.setAttribute("aria-pressed", String(chosen[key].has(value)));
      return html("li", "", button);
    }));
    box.querySelector(".rest")?.remove();
    if (held.length < values.length) {
      const rest = html("button", "rest", `${values.length - held.length} more`);
      rest.type = "button";
      rest.dataset.rest = key;
      box.append(rest);
    }
    if (focused !== null) [...box.querySelectorAll("button")].find((button) => button.dataset.value === focused)?.focus();
  };

  const drawHits = () => {
    hits.replaceChildren(...results.slice(0, shown).map(drawCard));
    more.hidden = results.length <= shown;
  };

  const update = () => {
    const found = search(find.value);
    marked = found.empty ? new Set() : found.marked;
    why = found.why;
    base = found.empty ? cards.map((_, at) => at) : found.pages;
    results = base.filter((at) => fits(cards[at], ""));
    if (order.value === "newest") results.sort((one, other) => (cards[one][DAY] < cards[other][DAY]) - (cards[one][DAY] > cards[other][DAY]));
    drawHits();
    document.querySelectorAll(".facet").forEach(drawFacet);
    const parts = [`${results.length.toLocaleString("en")} prompt${results.length === 1 ? "" : "s"}`];
    said.replaceChildren(parts[0]);
    for (const [word, guess] of found.instead) said.append(` · “${word}” is nowhere: looked for `, html("strong", "", guess));
    if (!results.length) said.append(". Try fewer or other words, or take a filter away.");
    const picked = Object.values(chosen).reduce((sum, values) => sum + values.size, 0);
    byId("filters").textContent = picked ? `Filters (${picked})` : "Filters";
  };

  // --- the address keeps what is asked ------------------------------------------------------------------------------

  const keep = () => {
    const words = new URLSearchParams();
    if (find.value) words.set("q", find.value);
    if (order.value) words.set("order", order.value);
    for (const [key, values] of Object.entries(chosen)) for (const value of values) words.append(key, value);
    try { history.replaceState(null, "", words.size ? `#${words}` : location.pathname + location.search); } catch { /* a viewer without addresses */ }
  };
  const recall = () => {
    if (location.hash === "#find") { find.focus(); return; }
    const words = new URLSearchParams(location.hash.slice(1));
    find.value = words.get("q") || "";
    order.value = words.get("order") === "newest" ? "newest" : "";
    for (const [key, values] of Object.entries(chosen)) { values.clear(); words.getAll(key).forEach((value) => values.add(value)); }
  };
  const ask = () => { shown = first; update(); keep(); };

  // --- hands --------------------------------------------------------------------------------------------------------

  find.addEventListener("input", ask);
  order.addEventListener("change", ask);
  byId("facets").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { key, value, rest } = button.dataset;
    if (rest) { wide.add(rest); update(); return; }
    if (button.id === "filters") {
      const open = byId("facets").classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
      return;
    }
    const values = chosen[key], had = values.has(value);
    if (key === "kind" || key === "folder") values.clear();
    if (had) values.delete(value); else values.add(value);
    ask();
  });
  more.addEventListener("click", () => {
    const next = shown;
    shown += first;
    drawHits();
    hits.children[next]?.querySelector("a").focus();
  });
  const links = () => [...hits.querySelectorAll("a.card")];
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = /^(?:INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName || "");
    const all = links(), at = all.indexOf(document.activeElement);
    if (event.key === "/" && !typing) { find.focus(); find.select(); }
    else if (event.key === "ArrowDown" && document.activeElement === find) all[0]?.focus();
    else if (event.key === "ArrowDown" && at >= 0) (all[at + 1] || all[at]).focus();
    else if (event.key === "ArrowUp" && at === 0) find.focus();
    else if (event.key === "ArrowUp" && at > 0) all[at - 1].focus();
    else if (event.key === "Enter" && document.activeElement === find) all[0]?.click();
    else if (event.key === "Escape") {
      find.value = "";
      Object.values(chosen).forEach((values) => values.clear());
      ask();
      find.focus();
    } else return;
    event.preventDefault();
  });
  addEventListener("hashchange", () => { recall(); shown = first; update(); });
  recall();
  update();
  // On a telephone a keyboard that jumps up hides the shelf.
  if (!location.hash && !matchMedia("(pointer: coarse)").matches) find.focus({ preventScroll: true });
})();
