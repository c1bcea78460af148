import "./locale";
import "./styles.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { HubError } from "./api/client";
import { follow } from "./api/events";
import "./frame/downloads";
import { applyLook } from "./lib/prefs";
import { router } from "./router";

applyLook();

const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000, // the event stream says when something changes
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && error instanceof HubError && error.status === 0,
    },
  },
});
follow(cache);

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
