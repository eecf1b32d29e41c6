"use strict";
(() => {
  const root = document.documentElement;
  const kept = () => { try { return localStorage.getItem("promptlib-theme"); } catch { return null; } };
  const theme = kept();
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  root.classList.add("script");
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const tell = () => {
      const next = dark() ? "light" : "dark";
      button.title = `Use the ${next} theme`;
      button.setAttribute("aria-label", button.title);
    };
    tell();
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("promptlib-theme", root.dataset.theme); } catch { /* a browser that keeps nothing */ }
      tell();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
  });
})();
