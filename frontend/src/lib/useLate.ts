import { useEffect, useState } from "react";

/** A value that follows another once it has rested for a while, in milliseconds. */
export function useLate<T>(value: T, rest = 250): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), rest);
    return () => clearTimeout(timer);
  }, [value, rest]);
  return late;
}
