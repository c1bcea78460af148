import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// While developing, `npm run dev` serves the sources and passes the rest on to a running hub.
const hub = process.env.MCP_HUB_URL ?? "http://localhost:37373";

export default defineConfig({
  base: "./",
  plugins: [react(), tailwindcss()],
  build: {
    outDir: "dist/site",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the content policy allows no data: addresses but for images
    target: ["chrome111", "firefox114", "safari16.4"],
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": hub, "/mcp": hub } },
  test: {
    environment: "node", // a test of what is drawn says that it wants jsdom
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: "src/test.setup.ts",
    testTimeout: 20_000, // the machine may be busy with other tests
  },
});
