import { ExternalLink, KeyRound } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import type { Server } from "../../api/client";
import { useBeginSignIn, useHandIn, useSignInState, useSignOut } from "../../api/signin";
import { dateTime } from "../../lib/format";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Facts } from "../../ui/Facts";
import { Input } from "../../ui/Field";
import { Failure } from "../../ui/states";
import { complain, toast } from "../../ui/Toast";

/** Only pages: an address that a server gives could be a script. */
const isPage = (url: string) => /^https?:\/\//i.test(url);

/** Signs in to a server that asks for it. */
export function SignIn({ server: s }: { server: Server }) {
  const { data } = useSignInState(s.name, s.state);
  const begin = useBeginSignIn(s.name);
  const go = () =>
    begin.mutate(undefined, {
      // A browser may keep the page from opening by itself; the link is there for that.
      onSuccess: ({ authorizationUrl: url }) => isPage(url) && window.open(url, "_blank", "noopener,noreferrer"),
    });
  const address = begin.data?.authorizationUrl;
  return (
    <div className="mt-3 flex flex-col gap-3">
      {data?.failed && <p className="foreign">{plain(data.failed)}</p>}
      {data?.why && <p className="foreign">{plain(data.why)}</p>}
      <div className="flex flex-wrap items-center gap-3">
        <Button look="solid" acts busy={begin.isPending} onClick={go}>
          <KeyRound size={14} aria-hidden />
          {text.signIn.begin}
        </Button>
        {address && isPage(address) && (
          <a
            href={address}
            target="_blank"
            rel="noopener noreferrer"
            className="inline-flex items-center gap-1 text-sm font-medium underline"
          >
            {text.signIn.open}
            <ExternalLink size={12} aria-hidden />
          </a>
        )}
      </div>
      {begin.error && <Failure error={begin.error} />}
      {begin.data && <HandIn />}
    </div>
  );
}

function HandIn() {
  const id = useId();
  const [url, setUrl] = useState("");
  const hand = useHandIn();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    hand.mutate(url.trim());
  };
  return (
    <details>
      <summary className="cursor-pointer text-sm">{text.signIn.stuck}</summary>
      <form onSubmit={submit} className="mt-2 flex flex-col gap-1">
        <label htmlFor={id} className="text-sm">
          {text.signIn.paste}
        </label>
        <div className="flex gap-2">
          <Input id={id} value={url} onChange={(e) => setUrl(e.target.value)} autoComplete="off" spellCheck={false} />
          <Button type="submit" acts busy={hand.isPending} disabled={url.trim() === ""}>
            {text.signIn.hand}
          </Button>
        </div>
        {hand.error && <Failure error={hand.error} />}
      </form>
    </details>
  );
}

/** What the hub has of a sign-in to a remote server, without the tokens; bare where a heading stands already. */
export function SignedIn({ server: s, bare }: { server: Server; bare?: boolean }) {
  const { data } = useSignInState(s.name, s.state);
  const out = useSignOut(s.name);
  if (!data || data.state === "none") return null;
  const rows = [
    [text.signIn.state, text.signIn.states[data.state]],
    [text.signIn.issuer, data.issuer],
    [text.signIn.scopes, data.scopes.join(" ")],
    [text.signIn.missing, data.missing?.join(" ")],
    [text.signIn.issued, data.issued && dateTime(data.issued)],
    [text.signIn.expires, data.expires && dateTime(data.expires)],
    [
      text.signIn.renewal,
      data.state === "signed-in" && (data.renewable ? text.signIn.renewed : text.signIn.notRenewed),
    ],
  ].filter((row): row is [string, string] => Boolean(row[1]));
  return (
    <section aria-label={text.signIn.of(line(s.displayName, 80))} className="flex flex-col gap-2">
      {!bare && <h2 className="text-base">{text.signIn.title}</h2>}
      <Facts
        rows={rows.map(([name, value]) => [name, line(value, 400)])}
        className="gap-y-2 sm:grid-cols-[10rem_minmax(0,1fr)]"
      />
      {!data.lasting && <p className="text-sm text-muted">{text.signIn.passing}</p>}
      {(data.state === "signed-in" || data.state === "more") && !data.machine && (
        <div>
          <Button
            acts
            busy={out.isPending}
            onClick={() => out.mutate(undefined, { onError: complain, onSuccess: () => toast(text.signIn.done) })}
          >
            {text.signIn.out}
          </Button>
        </div>
      )}
    </section>
  );
}
