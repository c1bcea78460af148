import { text } from "../text";
import { complain, toast } from "../ui/Toast";

/** The hub's own window saves what is downloaded without a word, and tells the page of it. Browsers show that themselves. */
addEventListener("mcp-hub-download", (event) => {
  const { file, error } = (event as CustomEvent<{ file?: string; error?: string }>).detail;
  if (file) toast(text.saved(file));
  else complain(text.notSaved(error ?? ""));
});
