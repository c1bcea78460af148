import { Link } from "@tanstack/react-router";
import { Link2 } from "lucide-react";
import { lazy, Suspense } from "react";
import { isObject } from "../../forms/schema";
import { bytes } from "../../lib/format";
import { indent, line, plain } from "../../lib/text";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Code } from "../../ui/Code";
import { StructuredTable } from "./StructuredTable";

const Markdown = lazy(() => import("../../ui/Markdown").then((m) => ({ default: m.Markdown })));

type Block = Record<string, unknown>;

const words = (v: unknown) => (typeof v === "string" ? v : "");
const blocks = (v: unknown): Block[] => (Array.isArray(v) ? v.filter(isObject) : []);

/** All of a result: the content of a tool, the contents of a resource, or the messages of a prompt. */
export function Contents({ server, result }: { server: string; result: Block }) {
  const structured = result.structuredContent;
  // For older clients servers send structured content as text too: it is shown once.
  const content = blocks(result.content).filter((b) => structured === undefined || !repeats(b, structured));
  const resources = blocks(result.contents);
  const messages = blocks(result.messages);
  if (content.length + resources.length + messages.length === 0 && structured === undefined) {
    return <p className="text-muted">{text.call.empty}</p>;
  }
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {content.map((b, i) => (
        <Content key={i} server={server} block={b} />
      ))}
      {resources.map((r, i) => (
        <Resource key={i} resource={r} />
      ))}
      {messages.map((m, i) => (
        <div key={i} className="flex flex-col gap-1">
          <p className="text-sm font-medium text-muted">
            {m.role === "assistant" ? text.call.assistant : text.call.user}
          </p>
          {(Array.isArray(m.content) ? blocks(m.content) : isObject(m.content) ? [m.content] : []).map((b, j) => (
            <Content key={j} server={server} block={b} />
          ))}
        </div>
      ))}
      {structured !== undefined && (
        <div className="flex flex-col gap-1">
          <h3 className="text-sm text-muted">{text.call.structured}</h3>
          <StructuredTable value={structured} />
        </div>
      )}
    </div>
  );
}

function repeats(block: Block, structured: unknown): boolean {
  if (block.type !== "text") return false;
  try {
    return JSON.stringify(JSON.parse(words(block.text))) === JSON.stringify(structured);
  } catch {
    return false;
  }
}

const images = /^image\/(png|jpeg|gif|webp|svg\+xml|avif|bmp)$/;

function Content({ server, block: b }: { server: string; block: Block }) {
  switch (b.type) {
    case "text":
      return <Text value={words(b.text)} />;
    case "image":
      return <Picture kind={words(b.mimeType)} data={words(b.data)} />;
    case "audio":
      return (
        // biome-ignore lint/a11y/useMediaCaption: a server gives no captions
        <audio
          controls
          src={dataURL(words(b.mimeType), words(b.data))}
          aria-label={text.call.audio}
          className="w-full"
        />
      );
    case "resource":
      return isObject(b.resource) ? <Resource resource={b.resource} /> : null;
    case "resource_link":
      return (
        <p className="flex flex-wrap items-center gap-2 rounded-lg border border-line p-2.5">
          <Link2 size={15} aria-hidden className="text-muted" />
          <Link
            to="/servers/$name/resource"
            params={{ name: server }}
            search={{ uri: words(b.uri) }}
            className="foreign font-medium text-accent hover:underline"
          >
            {line(words(b.title) || words(b.name) || words(b.uri), 120)}
          </Link>
          {words(b.mimeType) && <Badge>{line(words(b.mimeType), 40)}</Badge>}
          <span className="foreign text-sm text-muted">{line(words(b.description) || words(b.uri), 200)}</span>
        </p>
      );
  }
  return <Code value={JSON.stringify(b, null, 2)} label={text.call.unknown(line(words(b.type), 40))} />;
}

const mark = /(^|\n)(#{1,4} |[-*] |\d+\. |```|\|.+\|)|\*\*[^*\n]+\*\*|\[[^\]\n]+\]\([^)\n]+\)/;
const longestMarkdown = 60_000;

function Text({ value }: { value: string }) {
  const json = /^\s*[[{]/.test(value) && value.length < 500_000 ? pretty(value) : undefined;
  if (json !== undefined) return <Code value={json} label={text.call.content} />;
  if (value.length < longestMarkdown && mark.test(value)) {
    return (
      <Suspense fallback={<p className="foreign whitespace-pre-wrap">{plain(value)}</p>}>
        <Markdown value={value} />
      </Suspense>
    );
  }
  if (value.length > 500 || value.includes("\n")) return <Code value={value} label={text.call.content} />;
  return <p className="foreign whitespace-pre-wrap">{plain(value)}</p>;
}

function pretty(value: string): string | undefined {
  try {
    JSON.parse(value);
    return indent(value);
  } catch {
    return undefined;
  }
}

function Picture({ kind, data }: { kind: string; data: string }) {
  if (!images.test(kind)) return <p className="text-muted">{text.call.unknown(line(kind, 60))}</p>;
  return (
    <figure className="flex flex-col gap-1">
      <img
        src={dataURL(kind, data)}
        alt={text.call.image(kind)}
        className="max-h-96 max-w-full self-start rounded border border-line object-contain"
      />
      <figcaption className="text-xs text-muted">
        {kind} · {bytes(Math.floor((data.length * 3) / 4))}
      </figcaption>
    </figure>
  );
}

function Resource({ resource: r }: { resource: Block }) {
  const kind = words(r.mimeType);
  return (
    <div className="flex flex-col gap-1">
      <p className="flex flex-wrap items-center gap-2 text-sm text-muted">
        <span className="foreign font-mono text-xs">{line(words(r.uri), 300)}</span>
        {kind && <Badge>{line(kind, 60)}</Badge>}
      </p>
      {typeof r.text === "string" ? (
        kind === "text/markdown" ? (
          <Text value={r.text} />
        ) : (
          <Code value={kind.includes("json") ? (pretty(r.text) ?? r.text) : r.text} label={words(r.uri)} />
        )
      ) : images.test(kind) ? (
        <Picture kind={kind} data={words(r.blob)} />
      ) : (
        <p className="text-muted">{text.resources.notText(bytes(Math.floor((words(r.blob).length * 3) / 4)))}</p>
      )}
    </div>
  );
}

/** Only base64 gets into the address, so that nothing else can. */
const dataURL = (kind: string, data: string) =>
  `data:${kind.replace(/[^\w.+/-]/g, "")};base64,${data.replace(/[^A-Za-z0-9+/=]/g, "")}`;
