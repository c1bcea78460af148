import { expect, test } from "vitest";
import { readEvents } from "./sse";

async function all(...chunks: string[]) {
  const coder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    start(c) {
      for (const chunk of chunks) c.enqueue(coder.encode(chunk));
      c.close();
    },
  });
  const out: string[] = [];
  for await (const data of readEvents(stream)) out.push(data);
  return out;
}

test("events in any pieces", async () => {
  expect(
    await all("event: message\nda", "ta: on", "e\n\n:\n\ndata:two\r\ndata: lines\r\n\r\n", "data: cut off"),
  ).toEqual(["one", "two\nlines"]);
});

test("letters of several bytes that are torn apart", async () => {
  const bytes = new TextEncoder().encode("data: é😀\n\n");
  const stream = new ReadableStream<Uint8Array>({
    start(c) {
      for (const b of bytes) c.enqueue(new Uint8Array([b]));
      c.close();
    },
  });
  for await (const data of readEvents(stream)) expect(data).toBe("é😀");
});
