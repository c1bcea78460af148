import { defineConfig } from "vitest/config";

// The tests of the built hub in a real browser. With PICTURES set it is the script that makes the pictures of the documentation,
// with MEASURE the one that measures all screens.
const script = process.env.PICTURES ? "pictures.ts" : process.env.MEASURE ? "measure.ts" : "*.spec.ts";

export default defineConfig({
  root: import.meta.dirname,
  test: {
    environment: "node",
    include: [script],
    testTimeout: 90_000, // two cores are shared with other tests
    hookTimeout: 60_000,
    maxWorkers: 2, // much of the time is waiting
  },
});
