// Gives the dashboard what a browser has around it: links that lead outside open in the person's own browser, and keys zoom.
(() => {
  if (window.mcpHubWindow) return;
  window.mcpHubWindow = true;
  const outside = async (url) => {
    const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ url }) };
    const answer = await fetch("/api/v2/open-url", request).catch(() => undefined);
    if (!answer?.ok) prompt("No browser could be opened. The address is:", url);
  };
  const foreign = (href) => {
    const url = new URL(href, location.href);
    return /^https?:$/.test(url.protocol) && url.origin !== location.origin ? url.href : "";
  };
  window.open = (href) => {
    const url = foreign(href);
    if (url) outside(url);
    return null;
  };
  const follow = (event) => {
    const link = event.target instanceof Element && event.target.closest("a[href]");
    if (!link || event.button > 1) return;
    const url = foreign(link.href);
    if (!url) return;
    event.preventDefault();
    event.stopPropagation();
    outside(url);
  };
  addEventListener("click", follow, true);
  addEventListener("auxclick", follow, true);

  const key = "mcp-hub-window-zoom";
  const zoom = (z) => {
    const level = Math.min(3, Math.max(0.5, z));
    document.documentElement.style.zoom = String(level);
    localStorage.setItem(key, String(level));
  };
  const current = () => Number(document.documentElement.style.zoom) || 1;
  const kept = Number(localStorage.getItem(key));
  if (kept && kept !== 1) zoom(kept);
  const keys = { "+": 1.1, "=": 1.1, "-": 1 / 1.1 };
  addEventListener(
    "keydown",
    (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      if (event.key === "0") zoom(1);
      else if (keys[event.key]) zoom(current() * keys[event.key]);
      else return;
      event.preventDefault();
    },
    true,
  );
})();
