/** Yields the data of each event of a stream (HTML standard, "Server-sent events"). */
export async function* readEvents(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let parts: string[] = []; // of a line that has not ended: a line of 5 MB comes in many pieces
  let data: string[] = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      let from = 0;
      for (let end = value.indexOf("\n"); end >= 0; end = value.indexOf("\n", from)) {
        parts.push(value.slice(from, end));
        from = end + 1;
        const line = parts.join("").replace(/\r$/, "");
        parts = [];
        if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
        if (line === "" && data.length > 0) {
          yield data.join("\n");
          data = [];
        }
      }
      parts.push(value.slice(from));
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}
