// Imported before anything else. WebKitGTK takes the language of a session in the locale C for one that it calls "C",
// which Intl refuses; libraries that ask for the language while they load would end the page.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en" });
  Object.defineProperty(navigator, "languages", { value: ["en"] });
}

export {};
