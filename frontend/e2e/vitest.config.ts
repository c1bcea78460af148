import { defineConfig } from "vitest/config";

// The tests of the built hub in a real browser, and with PICTURES set the script that makes the pictures of the documentation.
export default defineConfig({
  root: import.meta.dirname,
  test: {
    environment: "node",
    include: [process.env.PICTURES ? "pictures.ts" : "*.spec.ts"],
    testTimeout: 90_000, // two cores are shared with other tests
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
