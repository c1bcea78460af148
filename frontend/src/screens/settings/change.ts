import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ask, client, HubError } from "../../api/client";
import { keys } from "../../api/keys";
import { text } from "../../text";
import { complain, toast } from "../../ui/Toast";

/** A configuration file as it was shown. */
export interface Target {
  index: number;
  path: string;
  etag: string;
}

interface Change {
  key: string;
  /** Absent: what the file says is taken out, so that the default holds. */
  value?: unknown;
  in: Target;
}

const write = ({ key, value, in: { index, etag } }: Change) =>
  ask(
    client.PATCH("/api/v2/config/files/{index}/settings", {
      params: { path: { index }, header: { "If-Match": etag } },
      body: { key, value },
    }),
  );

/** Changes a setting of the hub in its file, and offers to take that back. */
export function useChangeSetting() {
  const cache = useQueryClient();
  const settled = () =>
    Promise.all([keys.config, keys.history, keys.hub].map((queryKey) => cache.invalidateQueries({ queryKey })));
  return useMutation({
    mutationFn: write,
    onSuccess: ({ before, etag }, change) => {
      const { key, value } = change;
      const back = { key, value: before, in: { ...change.in, etag } };
      const run = () =>
        void write(back)
          .then(
            () => toast(text.settings.undone(key)),
            (error) => complain(said(error)),
          )
          .then(settled);
      const words = value === undefined ? text.settings.unset(key) : text.settings.saved(key, JSON.stringify(value));
      toast(words, { action: { label: text.undo, run } });
    },
    onSettled: settled,
  });
}

/** Why a change was not made, in words. */
export const said = (error: Error) =>
  error instanceof HubError && error.status === 412 ? text.settings.conflict : error.message;
