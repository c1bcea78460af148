// Command mcp-hub runs many MCP servers and gives every client one endpoint. Run it with --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub"
	"mcphub/hub/api"
	"mcphub/hub/client"
	"mcphub/hub/config"
	"mcphub/hub/logfile"
	"mcphub/hub/market"
	"mcphub/hub/secret"
	"mcphub/hub/statedir"
)

// version is the hub's own, set when it is built.
var version = "0.1.0-dev"

// Exit codes, as --help tells them.
const (
	exitFailure   = 1
	exitArguments = 2
	exitConfig    = 3
	exitPort      = 4
	exitNoHub     = 5
)

const long = `MCP Hub runs your MCP servers and gives every client one endpoint for all of them.

Without arguments it serves the servers of its default configuration file on port 37373, and follows the file's
changes. Then point any MCP client at http://localhost:37373/mcp`

const exitCodes = `
Exit codes:
  0  done, or stopped as asked
  1  another failure, told on stderr
  2  bad arguments
  3  a configuration file cannot be used
  4  the port is taken (stderr then says EADDRINUSE, and by whom)
  5  no hub answers, of the commands that talk to one
`

func main() {
	// An editor that ends closes our output; that must not end us.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(withLauncher(ctx), os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := command(stderr)
	cmd.SetArgs(joinConfigs(args))
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(stderr, "mcp-hub: %v%s\n", err, advice(err))
	var (
		file *config.FileError
		port *hub.PortError
		bad  argumentError
	)
	switch {
	case errors.As(err, &bad), errors.Is(err, hub.ErrOptions):
		return exitArguments
	case errors.As(err, &file), errors.Is(err, errInvalid):
		return exitConfig
	case errors.As(err, &port):
		return exitPort
	case errors.Is(err, client.ErrUnreachable):
		return exitNoHub
	}
	return exitFailure
}

// argumentError is the person's mistake on the command line.
type argumentError struct{ error }

func (e argumentError) Unwrap() error { return e.error }

func badArgument(format string, args ...any) error {
	return argumentError{fmt.Errorf(format+" (see mcp-hub --help)", args...)}
}

// command is the command line of the program that this one replaces: unknown flags are ignored.
func command(stderr io.Writer) *cobra.Command {
	var (
		o      hub.Options
		level  string
		format string
		delay  int

		noBrowser bool
		desktop   flavour
		r         = newRemote(stderr)
	)
	cmd := &cobra.Command{
		Use: "mcp-hub", Short: "Many MCP servers behind one endpoint", Long: long,
		Version:            version,
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
		SilenceErrors:      true, SilenceUsage: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			text := fmt.Sprintf("unknown command %q", args[0])
			if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
				text += ", do you mean " + strings.Join(similar, " or ") + "?"
			}
			return badArgument("%s", text)
		},
		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Redact = secret.NewRedactor()
			shown, err := logHandler(o.Redact.Writer(stderr), level, format)
			if err != nil {
				return err
			}
			if o.Port < 0 || o.Port > 65535 {
				return badArgument("--port must be between 0 and 65535, not %d", o.Port)
			}
			if o.Config.Global, err = config.ParseGlobal(os.Getenv("MCP_HUB_ENV")); err != nil {
				return badArgument("MCP_HUB_ENV: %w", err)
			}
			if o.Config.Dir, err = os.Getwd(); err != nil {
				return err
			}
			if len(o.Config.Paths) == 0 && !cmd.Flags().Changed("watch") {
				o.Watch = true // one's own file is followed without being asked to
			}
			o.ShutdownDelay = time.Duration(delay) * time.Millisecond
			if o.StateDir, err = statedir.Path(); err != nil {
				return err
			}
			o.Sources, o.Feed = market.DefaultSources(), feed
			if !noBrowser {
				o.OpenURL = openPage
			}
			file := logfile.New(logfile.Options{Dir: o.StateDir, Fallback: slog.New(shown)})
			defer file.Close()
			shared := &lateWriter{}
			whose := []slog.Attr{slog.Int("pid", os.Getpid())} // of the hubs that share the file
			log := slog.New(slog.NewMultiHandler(shown, slog.NewJSONHandler(o.Redact.Writer(shared), nil).WithAttrs(whose)))
			if o.Secrets, err = secretStore(o.StateDir, log); err != nil {
				return err
			}
			// After the passphrase has been taken out of the environment, which a shell gets here; before the environment is kept.
			withDesktop := desktop.prepare(cmd.Context(), cmd, log)
			o.Version, o.Log, o.Config.Log, o.Config.Env = version, log, log, os.Environ()
			start := func(ctx context.Context, around hub.Desktop) (*hub.Hub, error) {
				o.Desktop = around
				h, err := hub.New(ctx, o)
				if err != nil {
					return nil, err
				}
				if token := h.OwnToken().Reveal(); token != "" { // never into the log
					_, _ = fmt.Fprintf(stderr, "mcp-hub: this hub asks for a token, and no other hub or command knows the one that it made for this run:\n%s\n", token)
				}
				shared.to.Store(file) // a hub that does not get its port leaves no trace in what the hubs share
				return h, nil
			}
			if withDesktop {
				return desktop.run(cmd.Context(), r, o, start)
			}
			h, err := start(cmd.Context(), nil)
			if err != nil {
				return err
			}
			return h.Run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntVarP(&o.Port, "port", "p", hub.DefaultPort, "port to listen on")
	f.StringArrayVarP(&o.Config.Paths, "config", "c", nil, "configuration `file`; several are merged, later ones win (default: servers.json in your configuration folder)")
	f.BoolVarP(&o.Watch, "watch", "w", false, "follow the configuration files' changes (always, for the default file)")
	f.StringVar(&o.Host, "host", "", "address to listen on (default: the loopback addresses of this machine); others need TLS")
	f.StringVar(&o.Socket, "socket", "", "`path` of a Unix socket to listen on too")
	f.StringVar(&o.TLS.Cert, "tls-cert", "", "speak TLS with the certificate in this PEM `file`")
	f.StringVar(&o.TLS.Key, "tls-key", "", "PEM `file` with its key")
	f.BoolVar(&o.TLS.SelfMade, "tls-self-made", false, "speak TLS with a certificate that the hub makes and keeps")
	f.BoolVar(&o.InsecureHTTP, "insecure-http", false, "let other machines connect without TLS, where something else encrypts")
	f.BoolVar(&o.RequireToken, "require-token", false, "ask everybody for a token, also programs of yours on this machine")
	f.BoolVar(&o.NoToken, "no-token", false, "ask nobody on this machine for a token, not even other users of it")
	f.BoolVar(&noBrowser, "no-browser", false, "never open the page to sign in to a server in a browser when a client asks for that")
	f.BoolVar(&o.AutoShutdown, "auto-shutdown", false, "stop when the last client has left")
	f.IntVar(&delay, "shutdown-delay", 0, "`milliseconds` to wait for another client before that")
	f.StringVar(&o.Compatible, "compatible-version", "", "`version` of mcp-hub to pass for, which its clients compare (default: as configured, or "+api.CompatibleVersion+")")
	f.StringVar(&level, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&format, "log-format", "text", "text or json")
	cmd.SetVersionTemplate(api.CompatibleVersion + "\nMCP Hub {{.Version}}\n")
	cmd.SetHelpTemplate("{{with or .Long .Short}}{{.}}{{end}}\n\n{{.UsageString}}" + exitCodes)
	cmd.SetFlagErrorFunc(misuse)
	desktop.flags(cmd)
	addCommands(cmd, r)
	return cmd
}

// lateWriter drops what is written before it knows where to.
type lateWriter struct {
	to atomic.Pointer[logfile.Writer]
}

func (w *lateWriter) Write(p []byte) (int, error) {
	if to := w.to.Load(); to != nil {
		return to.Write(p)
	}
	return len(p), nil
}

// logHandler writes to stderr.
func logHandler(stderr io.Writer, level, format string) (slog.Handler, error) {
	var o slog.HandlerOptions
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, badArgument("--log-level must be debug, info, warn or error, not %q", level)
	}
	o.Level = l
	switch format {
	case "text":
		return slog.NewTextHandler(stderr, &o), nil
	case "json":
		return slog.NewJSONHandler(stderr, &o), nil
	}
	return nil, badArgument("--log-format must be text or json, not %q", format)
}

// joinConfigs lets one --config take several files, as in "--config a.json b.json".
func joinConfigs(args []string) []string {
	var out []string
	inConfig, hasFile := false, false // after --config, and after the file that belongs to it
	for i, a := range args {
		if a == "--" {
			return append(out, args[i:]...)
		}
		switch {
		case strings.HasPrefix(a, "-") && len(a) > 1:
			flag, _, withFile := strings.Cut(a, "=")
			inConfig, hasFile = flag == "--config" || flag == "-c", withFile
		case inConfig && hasFile:
			out = append(out, "--config")
		default:
			hasFile = true
		}
		out = append(out, a)
	}
	return out
}
