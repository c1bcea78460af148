import { useCallback, useEffect, useRef, useState } from "react";
import { type Answer, type Progress, type Question, type Reply, request } from "../../api/mcp";

/** One run of a request. */
export interface Run {
  id: number;
  at: number;
  params: Record<string, unknown>;
  reply?: Reply;
  /** Why there is no reply. */
  error?: unknown;
  cancelled?: boolean;
}

/** A question that waits for its answer. */
export interface Asked extends Question {
  id: number;
  answer: (answer: Answer) => void;
}

export interface Call {
  running: boolean;
  run: (params: Record<string, unknown>) => void;
  cancel: () => void;
  progress?: Progress;
  messages: { level: string; data: unknown }[];
  /** What the server waits for, the oldest first. */
  questions: Asked[];
  /** The latest first; it may still run. */
  runs: Run[];
}

const keptRuns = 20;
const keptMessages = 200;

/** Makes requests to a server, one at a time, and keeps what came of them while the page is open. */
export function useCall(server: string, method: string): Call {
  const [runs, setRuns] = useState<Run[]>([]);
  const [running, setRunning] = useState(false);
  const [progress, setProgress] = useState<Progress>();
  const [messages, setMessages] = useState<Call["messages"]>([]);
  const [questions, setQuestions] = useState<Asked[]>([]);
  const control = useRef<AbortController>(undefined);
  const last = useRef(0);

  useEffect(() => () => control.current?.abort(), []);

  const cancel = useCallback(() => control.current?.abort(), []);
  const run = useCallback(
    async (params: Record<string, unknown>) => {
      control.current?.abort();
      const own = new AbortController();
      control.current = own;
      const id = ++last.current;
      const note = (change: Partial<Run>) => setRuns((old) => old.map((r) => (r.id === id ? { ...r, ...change } : r)));
      setRuns((old) => [{ id, at: Date.now(), params }, ...old].slice(0, keptRuns));
      setRunning(true);
      setProgress(undefined);
      setMessages([]);
      const ask = (q: Question) =>
        new Promise<Answer>((done) => {
          const asked = ++last.current;
          const answer = (a: Answer) => {
            setQuestions((old) => old.filter((one) => one.id !== asked));
            done(a);
          };
          own.signal.addEventListener("abort", () => answer(undefined), { once: true });
          setQuestions((old) => [...old, { ...q, id: asked, answer }]);
        });
      try {
        const reply = await request(
          server,
          method,
          params,
          {
            onProgress: setProgress,
            onMessage: (m) => setMessages((old) => [...old, m].slice(-keptMessages)),
            onQuestion: ask,
          },
          own.signal,
        );
        note({ reply });
      } catch (error) {
        note(own.signal.aborted ? { cancelled: true } : { error });
      } finally {
        own.abort(); // what the server still asks is over too
        if (control.current === own) setRunning(false);
      }
    },
    [server, method],
  );
  return { running, run: (params) => void run(params), cancel, progress, messages, questions, runs };
}
