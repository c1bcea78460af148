package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"mcphub/frontend"
	"mcphub/hub/api"
	"mcphub/hub/catalog"
	"mcphub/hub/config"
	"mcphub/hub/event"
	"mcphub/hub/gateway"
	"mcphub/hub/market"
	"mcphub/hub/oauth"
	"mcphub/hub/secret"
	"mcphub/hub/upstream"
	"mcphub/hub/workspace"
)

// DefaultPort is where the hub listens if it is not told otherwise.
const DefaultPort = 37373

// keptEvents is how many events clients can still be told of that come back after a break.
const keptEvents = 4096

// quiet is how long after its start the hub gives back what starting took: the runtime would keep about half of it, and
// a hub mostly waits.
const quiet = time.Second

// shutdownGrace is how long answers that are under way may take when the hub ends.
const shutdownGrace = 2 * time.Second

// Options says what to run.
type Options struct {
	Config  config.Options
	Watch   bool   // apply changes of the configuration files while running
	Host    string // name or address to listen on; empty for the loopback addresses of this machine
	Port    int    // 0 for any free one
	Version string // the hub's own
	// Compatible is the version of mcp-hub that the hub passes for; empty for that of the configuration, or else
	// api.CompatibleVersion.
	Compatible string
	Log        *slog.Logger

	// Secrets is where secrets and sign-ins are kept; it is touched only when somebody needs one. Nil: there are no secrets,
	// and sign-ins are forgotten when the hub stops.
	Secrets secret.Store
	// Redact learns the secrets that servers are told, and masks them in what the hub tells. Whoever writes the log masks
	// it with the same one. Nil: the hub makes its own.
	Redact *secret.Redactor

	StateDir string          // folder of what the hub keeps; empty: it keeps nothing, and has no marketplace
	Sources  []market.Source // of the marketplace, which the configuration may change

	// OpenURL shows a page in the browser of the person at this machine. Nil: there is none.
	OpenURL func(address string)

	AutoShutdown  bool          // end when the last client of the event stream has left
	ShutdownDelay time.Duration // how long to wait for another one before that
}

// Hub is a whole hub.
type Hub struct {
	options    Options
	store      *config.Store
	set        *upstream.Set
	catalog    *catalog.Catalog
	gateway    *gateway.Gateway
	listeners  []net.Listener
	server     *http.Server
	oauth      *oauth.Manager
	bus        *event.Bus
	live       *api.Live
	workspaces *workspace.Register         // nil without a StateDir
	stop       context.CancelCauseFunc     // ends Run
	later      func(func(context.Context)) // has Run run something beside its parts

	mu      sync.Mutex
	state   string
	lease   *workspace.Lease      // this hub's entry; nil if there is none
	index   *market.Index         // nil until somebody asks for it
	named   []config.MarketSource // what the configuration says of its sources
	leaving *time.Timer           // until automatic shutdown; nil while there are clients
}

// New reads the configuration and takes the port. It starts nothing. Its errors are a *config.FileError, a
// *PortError, or one that says what else is wrong.
func New(ctx context.Context, o Options) (*Hub, error) {
	if o.Redact == nil {
		o.Redact = secret.NewRedactor()
	}
	o.Config.Secrets = o.Secrets
	store, err := config.Open(ctx, o.Config)
	if err != nil {
		return nil, err
	}
	own := &builtin{version: o.Version}
	h := &Hub{
		options: o, store: store, state: stateStarting, bus: event.New(keptEvents),
		stop: func(error) {}, later: func(func(context.Context)) {},
	}
	h.oauth = oauth.New(oauth.Options{Store: o.Secrets, Dir: o.StateDir, Port: h.Port, Server: h.resolve, Log: o.Log})
	h.set = upstream.NewSet(upstream.Options{Version: o.Version, Log: o.Log, Dial: own.dial, SignIn: h.signIn, Events: h.bus, Redact: o.Redact})
	h.catalog = catalog.New(h.set, store.Current().Hub, o.Log)
	h.gateway = gateway.New(h.set, h.catalog, o.Version, o.Log)
	h.live = api.NewLive(h.bus, h.set, h.hubState, h.configured, h.clients)
	own.set, own.catalog = h.set, h.catalog
	h.set.OnChange(h.catalog.Touch)
	store.Subscribe(h.updated)
	if h.listeners, err = listen(ctx, o.Host, o.Port); err != nil {
		return nil, err
	}
	var hosts []string
	if o.Host != "" {
		hosts = []string{o.Host}
	}
	deps := api.Deps{
		Endpoint: h.gateway, Set: h.set, Catalog: h.catalog, Hosts: hosts, Port: h.Port(), Version: o.Version,
		Control: h, Config: store, Live: h.live, Stream: h.live.Stream(), Connections: h.live.Connections, Disable: store.SetDisabled, Remove: h.remove,
		OAuth: h.oauth, OpenURL: o.OpenURL, Secrets: o.Secrets,
		Site: frontend.Site(), Market: h.market, Workspaces: h.hubs, Sessions: h.gateway.Clients, Compatible: o.Compatible,
	}
	h.oauth.OnCallback(api.Callback(deps))
	h.server = &http.Server{
		Handler:           api.Handler(deps),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return h, nil
}

// Port returns the port that the hub listens on.
func (h *Hub) Port() int { return h.listeners[0].Addr().(*net.TCPAddr).Port }

// configured reports whether a server stands in the configuration: the hub's own tools do not.
func (h *Hub) configured(server string) bool {
	_, ok := h.store.Current().Server(server)
	return ok
}

// Set returns the managed servers.
func (h *Hub) Set() *upstream.Set { return h.set }

// Run runs the hub until ctx ends, and returns when nothing of it is left, no server's process either, which takes
// less than 5 s. It returns nil if ctx ended it.
func (h *Hub) Run(ctx context.Context) error {
	parent := ctx
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var work sync.WaitGroup
	h.stop, h.later = stop, func(f func(context.Context)) { work.Go(func() { f(ctx) }) }
	part := func(name string, run func(context.Context) error) {
		work.Go(func() {
			if err := run(ctx); ctx.Err() == nil {
				stop(fmt.Errorf("%s: %w", name, err)) // no part ends before the hub does
			}
		})
	}
	leave := h.register(ctx)
	part("sign-ins", h.oauth.Run)
	part("servers", h.set.Run)
	part("catalog", h.catalog.Run)
	part("endpoint", h.gateway.Run)
	if h.options.Watch {
		part("configuration", h.store.Run)
	}
	h.apply(h.store.Current())
	h.later(h.awaitSecrets)
	for _, l := range h.listeners {
		part("listener", func(context.Context) error { return h.server.Serve(l) })
	}
	h.options.Log.Info("hub is listening", "endpoint", fmt.Sprintf("http://localhost:%d/mcp", h.Port()), "servers", len(h.set.List()))
	h.later(func(ctx context.Context) {
		if h.rest(ctx); ctx.Err() == nil {
			h.become(stateReady)
		}
		select {
		case <-time.After(quiet):
			debug.FreeOSMemory()
		case <-ctx.Done():
		}
	})
	<-ctx.Done()
	h.options.Log.Info("hub is stopping")
	if h.State() != stateStopping {
		h.become(stateStopping)
	}
	h.live.Close()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if h.server.Shutdown(grace) != nil {
		_ = h.server.Close()
	}
	work.Wait()
	leave(context.WithoutCancel(ctx))
	h.options.Log.Info("hub has stopped")
	if cause := context.Cause(ctx); parent.Err() == nil && !errors.Is(cause, errAsked) {
		return cause
	}
	return nil
}

// apply makes the hub run what a configuration says.
func (h *Hub) apply(s *config.Snapshot) {
	for _, d := range s.Diagnostics {
		h.options.Log.Warn("configuration problem", "server", d.Server, "err", d.Error())
	}
	servers := s.Servers
	if _, taken := s.Server(builtinName); s.Hub.Builtin && !taken {
		own := &config.Server{Name: builtinName, DisplayName: "MCP Hub", Transport: upstream.Local}
		servers = append(servers[:len(servers):len(servers)], own)
	}
	h.catalog.Configure(s.Hub)
	h.configureMarket(s.Sources)
	h.set.Apply(servers)
}

// PortError says that the port is taken.
type PortError struct {
	Port   int
	Holder string // the process that has it, as "name (pid 42)"; empty if it cannot be told
	Err    error
}

// Error holds the word EADDRINUSE, for which mcphub.nvim looks.
func (e *PortError) Error() string {
	text := fmt.Sprintf("EADDRINUSE: port %d is taken", e.Port)
	if e.Holder != "" {
		text += " by " + e.Holder
	}
	return text + ": end it, or choose another port with --port"
}

// Unwrap returns the error of the system.
func (e *PortError) Unwrap() error { return e.Err }

// listen takes the port on the host's address, or on both loopback addresses: clients try either for "localhost".
func listen(ctx context.Context, host string, port int) ([]net.Listener, error) {
	hosts := []string{host}
	if host == "" || host == "localhost" {
		hosts = []string{"127.0.0.1", "::1"}
	}
	var out []net.Listener
	for i, h := range hosts {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(h, strconv.Itoa(port)))
		switch {
		case err == nil:
			out = append(out, l)
			port = l.Addr().(*net.TCPAddr).Port // the second address gets the same one
		case isTaken(err):
			for _, l := range out {
				_ = l.Close()
			}
			return nil, &PortError{Port: port, Holder: holder(port), Err: err}
		case i == 0:
			return nil, fmt.Errorf("listen on %s: %w", h, err)
		default: // this machine has no IPv6
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no address to listen on")
	}
	return out, nil
}
