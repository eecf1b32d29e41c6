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

  // --- values: as Python prints them ---------------------------------------------------------------------------------

  const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
  const LARGEST = 2n ** 53n - 1n;
  const asInteger = (text) => BigInt(text).toString();
  // The shortest digits are the same in both languages; where the point and the exponent stand is not.
  const asFloat = (number) => {
    if (number === 0) return Object.is(number, -0) ? "-0.0" : "0.0";
    const [, sign, whole, rest = "", power] = number.toExponential().match(/^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/);
    const exponent = Number(power), digits = whole + rest;
    if (exponent < -4 || exponent >= 16) {
      const size = String(Math.abs(exponent)).padStart(2, "0");
      return `${sign}${whole}${rest ? `.${rest}` : ""}e${exponent < 0 ? "-" : "+"}${size}`;
    }
    if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
    const padded = digits.padEnd(exponent + 1, "0");
    return `${sign}${padded.slice(0, exponent + 1)}.${padded.slice(exponent + 1) || "0"}`;
  };
  const ROLES = ["system", "developer", "user", "assistant", "tool"];
  class Wrong extends Error {}
  const NONE = { none: true }, GAP = { gap: true };

  const dated = (text) => {
    const found = text.match(/^(\d{4})-(\d\d)-(\d\d)$/);
    const day = found && new Date(`${text}T00:00:00Z`);
    if (!found || Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== text || found[1] === "0000") throw new Wrong("a date such as 2026-05-03");
    return text;
  };
  const timed = (given) => {
    const found = given.trim().match(/^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:\d\d)?$/i);
    if (!found || Number(found[2]) > 23 || Number(found[3]) > 59 || Number(found[4] || 0) > 59) throw new Wrong("a date and time such as 2026-05-03T14:00:00+02:00");
    const [, day, hour, minute, second = "00", part = "", zone = ""] = found;
    const shown = part && Number(part) ? `.${part.padEnd(6, "0")}` : "";
    return `${dated(day)}T${hour}:${minute}:${second}${shown}${/^z$/i.test(zone) ? "+00:00" : zone}`;
  };
  const jsoned = (text) => {
    if (/^-?\d+$/.test(text.trim())) {
      const number = BigInt(text.trim());
      if (number > LARGEST || number < -LARGEST) throw new Wrong("a number of at most 2^53 - 1");
      return asInteger(text.trim());
    }
    let value;
    try { value = JSON.parse(text); } catch { throw new Wrong("JSON, such as \"a text\", 12 or [1, 2]"); }
    if (typeof value === "string") return value;
    if (typeof value === "boolean") return value ? "True" : "False";
    if (typeof value === "number") return asFloat(value);
    throw new Wrong(value === null ? "a value: None has no text" : `a text, a number or true: ${Array.isArray(value) ? "a list" : "a mapping"} has no text of its own`);
  };
  const threaded = (text, field) => {
    let turns;
    try { turns = JSON.parse(text); } catch { turns = null; }
    const fine = Array.isArray(turns) && turns.every((turn) => turn && ROLES.includes(turn.role) && typeof turn.content === "string"
      && Object.keys(turn).every((key) => key === "role" || key === "content"));
    if (!fine) throw new Wrong('a list such as [{"role": "user", "content": "…"}]');
    measured(turns.length, field, "messages");
    return turns.map(({ role, content }) => ({ role, content }));
  };
  const measured = (length, field, unit) => {
    if (field.min_length !== undefined && length < field.min_length) throw new Wrong(`at least ${field.min_length} ${unit}`);
    if (field.max_length !== undefined && length > field.max_length) throw new Wrong(`at most ${field.max_length} ${unit}`);
  };
  const within = (value, field, of) => {
    if (field.ge !== undefined && of(value) < of(field.ge)) throw new Wrong(`at least ${field.ge}`);
    if (field.le !== undefined && of(value) > of(field.le)) throw new Wrong(`at most ${field.le}`);
    return value;
  };
  const texted = (text, field) => {
    measured([...text].length, field, "characters");
    if (field.pattern !== undefined) {
      let pattern = null;
      try { pattern = new RegExp(field.pattern, "u"); } catch { /* written for another engine: promptlib checks it */ }
      if (pattern && !pattern.test(text)) throw new Wrong(`a text that matches ${field.pattern}`);
    }
    return text;
  };
  const moment = (text) => Date.parse(/[Z+]|-\d\d:\d\d$/.test(text.slice(10)) || text.length === 10 ? text : `${text}Z`);

  const READ = {
    string: texted,
    integer: (text, field) => {
      if (!/^[+-]?\d+$/.test(text.trim())) throw new Wrong("a whole number");
      return within(asInteger(text.trim().replace(/^\+/, "")), field, BigInt);
    },
    float: (text, field) => {
      const number = Number(text);
      if (!FLOAT.test(text.trim()) || !Number.isFinite(number)) throw new Wrong("a number");
      return asFloat(within(number, field, Number));
    },
    date: (text, field) => within(dated(text), field, moment),
    datetime: (text, field) => within(timed(text), field, moment),
    json: jsoned,
    thread: threaded,
    image: (url) => ({ type: "image_url", image_url: { url } }),
    file: (url) => url.startsWith("data:") ? { type: "file", file: { file_data: url, filename: "" } } : { type: "file", file: { file_id: url } },
  };

  // --- the preview --------------------------------------------------------------------------------------------------

  const form = byId("form");
  const touched = new Set();

  // What an input is at the moment: a text, a list of messages, a part that is no text, or that there is none.
  const valueOf = (at) => {
    const field = data.fields[at], control = byId(`f${at}`);
    if (field.kind === "boolean") return control.checked ? "True" : "False";
    if (!touched.has(at) && !field.required) {
      if (field.kind === "thread") return field.default === null ? NONE : threaded(JSON.stringify(field.default), field);
      if (field.kind === "json") return field.default === null ? NONE : jsoned(control.value);
      if (field.text === null) return NONE;
      return READ[field.kind] && (field.kind === "image" || field.kind === "file") ? READ[field.kind](field.text) : field.text;
    }
    if (field.kind === "enum") {
      if (control.value !== "") return field.choices[Number(control.value)];
      return field.nullable ? NONE : GAP;
    }
    if (control.validity.badInput) throw new Wrong(field.kind === "date" ? "a date" : "a number");
    if (control.value === "") {
      if (field.nullable) return NONE;
      if (field.kind !== "string" || !touched.has(at)) return GAP;
    }
    return READ[field.kind](control.value, field);
  };

  const fill = () => {
    const values = [], wrong = new Map(), gaps = new Set();
    data.fields.forEach((field, at) => {
      try { values[at] = valueOf(at); } catch (error) {
        if (!(error instanceof Wrong)) throw error;
        wrong.set(at, error.message);
        values[at] = GAP;
      }
      if (values[at] === GAP) gaps.add(at);
    });
    const messages = [];
    for (const item of data.items) {
      if (item.thread !== undefined) {
        const value = values[item.thread];
        if (Array.isArray(value)) messages.push(...value.map(({ role, content }) => ({ role, parts: [content] })));
        else messages.push({ role: "messages of", parts: [{ missing: item.thread }] });
        continue;
      }
      const parts = item.parts.map((part) => {
        if (typeof part === "string") return part;
        const value = values[part];
        if (value === NONE) { wrong.set(part, wrong.get(part) || "a value: None has no text"); return { missing: part }; }
        return value === GAP ? { missing: part } : value;
      });
      messages.push({ role: item.role, parts });
    }
    return { messages, wrong, gaps };
  };

  const contentOf = (parts) => {
    const joined = [];
    for (const part of parts) {
      if (typeof part !== "string") joined.push(part);
      else if (part && typeof joined.at(-1) === "string") joined[joined.length - 1] += part;
      else if (part) joined.push(part);
    }
    if (joined.every((part) => typeof part === "string")) return joined.join("");
    return joined.map((part) => typeof part === "string" ? { type: "text", text: part } : part);
  };

  const draw = () => {
    const { messages, wrong, gaps } = fill();
    const boxes = messages.map(({ role, parts }) => {
      const text = html("pre", "source");
      for (const part of parts) {
        if (typeof part === "string") text.append(part);
        else if (part.missing !== undefined) text.append(html("mark", "gap", data.fields[part.missing].name));
        else text.append(html("span", "attached", `${part.type === "file" ? "file" : "image"}: ${part.image_url ? part.image_url.url : part.file.file_data || part.file.file_id}`));
      }
      return html("article", `message ${role.replaceAll(" ", "-")}`, html("h3", "", role), text);
    });
    byId("preview").replaceChildren(...boxes);
    data.fields.forEach((field, at) => {
      const control = byId(`f${at}`), words = wrong.get(at);
      byId(`e${at}`).textContent = words ? `Needs ${words}.` : "";
      control.toggleAttribute("aria-invalid", Boolean(words));
      if (words) control.setAttribute("aria-invalid", "true");
    });
    const open = [...gaps].filter((at) => !wrong.has(at)).map((at) => data.fields[at].name);
    const whole = !gaps.size && !wrong.size;
    const sent = whole ? messages.map(({ role, parts }) => ({ role, content: contentOf(parts) })) : null;
    byId("preview").sent = sent;
    const length = whole ? sent.reduce((sum, { content }) => sum + (typeof content === "string" ? [...content].length : 0), 0) : 0;
    byId("state").textContent = whole ? `${length.toLocaleString("en")} characters in ${sent.length} message${sent.length === 1 ? "" : "s"}.`
      : open.length ? `Still needed: ${open.join(", ")}.` : "Some inputs are not right yet.";
    for (const key of ["messages", "rendered"]) document.querySelector(`[data-copy=${key}]`).disabled = !whole;
  };

  form.addEventListener("input", (event) => { touched.add(Number(event.target.dataset.field)); draw(); });
  form.addEventListener("reset", () => { touched.clear(); setTimeout(draw, 0); });
  form.addEventListener("submit", (event) => event.preventDefault());
  // A browser may bring back what stood in a field before the page was left.
  form.reset();
  touched.clear();
  draw();
})();
