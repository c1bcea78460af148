"use strict";
// Asks how far the hub is, and goes to the dashboard as soon as that is there.
const element = (name) => document.querySelector(name);

function show(p) {
  const failed = p.state === "failed";
  element("main").className = failed || p.error ? "" : "waiting";
  element("h1").textContent = failed
    ? "The hub could not start"
    : p.seconds < 3
      ? "Waiting for the hub…"
      : `Waiting for the hub… ${p.seconds} s`;
  element("progress").hidden = failed;
  element("#error").hidden = !p.error;
  element("#error").textContent = p.error ?? "";
  element("#log").hidden = !p.log?.length;
  element("#log").textContent = (p.log ?? []).join("\n");
  element("button").hidden = !failed || !p.retry;
}

async function ask() {
  let p;
  try {
    p = await (await fetch("/state")).json();
  } catch (error) {
    p = { state: "waiting", seconds: 0, error: String(error) };
  }
  if (p.state === "ready") {
    location.replace(p.url); // with a code that is good once
    return;
  }
  show(p);
  setTimeout(ask, 300);
}

element("button").addEventListener("click", () => fetch("/retry", { method: "POST" }));
ask();
