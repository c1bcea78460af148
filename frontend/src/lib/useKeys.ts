import { useEffect, useRef } from "react";
import { usePrefs } from "./prefs";

const editable = 'input, textarea, select, [contenteditable="true"], [role="menu"], [role="dialog"], [role="listbox"]';

/**
 * Has single keys do things while nothing is being typed. Two keys after one another are written "g s". Whoever switches
 * them off in the settings has none.
 */
export function useKeys(actions: Record<string, (event: KeyboardEvent) => void>) {
  const { keys } = usePrefs();
  const current = useRef(actions);
  current.current = actions;
  useEffect(() => {
    if (!keys) return;
    let first = "";
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest(editable)) return;
      const action = current.current[`${first} ${event.key}`] ?? current.current[event.key];
      first = event.key;
      if (!action) return;
      first = "";
      event.preventDefault();
      action(event);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [keys]);
}
