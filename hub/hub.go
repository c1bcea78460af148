package hub

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"mcphub/frontend"
	"mcphub/hub/access"
	"mcphub/hub/api"
	"mcphub/hub/catalog"
	"mcphub/hub/config"
	"mcphub/hub/event"
	"mcphub/hub/gateway"
	"mcphub/hub/market"
	"mcphub/hub/oauth"
	"mcphub/hub/release"
	"mcphub/hub/secret"
	"mcphub/hub/telemetry"
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
	Socket  string // path of a Unix socket to listen on too; empty for none
	Version string // the hub's own
	// Compatible is the version of mcp-hub that the hub passes for; empty for that of the configuration, or else
	// api.CompatibleVersion.
	Compatible string
	Log        *slog.Logger

	// Secrets is where secrets, sign-ins and the hub's token are kept; it is touched only when somebody needs one. Nil: there
	// are no secrets, sign-ins are forgotten when the hub stops, and it makes a token for each run that needs one.
	Secrets secret.Store
	// Redact learns the secrets that servers are told, and masks them in what the hub tells. Whoever writes the log masks
	// it with the same one. Nil: the hub makes its own.
	Redact *secret.Redactor

	StateDir string          // folder of what the hub keeps; empty: it keeps nothing, and has no marketplace
	Sources  []market.Source // of the marketplace, which the configuration may change

	// Feed tells of releases of the hub, if the configuration has it look for them and names no other; empty: nothing does.
	Feed string

	// OpenURL shows a page in the browser of the person at this machine, and reports whether there is one. Nil: there is none.
	OpenURL func(address string) bool

	Desktop Desktop // that the hub is part of; nil if there is none

	TLS          TLS  // what other machines need to be let in
	InsecureHTTP bool // other machines may connect without TLS
	RequireToken bool // ask everybody for a token
	NoToken      bool // ask nobody who connects from this machine

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
	keys       *access.Keys
	ownToken   secret.Text    // that lives as long as this hub; empty if it needs none
	listeners  []net.Listener // TCP first
	tls        *tls.Config    // nil if it speaks none
	server     *http.Server
	oauth      *oauth.Manager
	bus        *event.Bus
	live       *api.Live
	memory     *memory
	recorder   *recorder
	updates    *release.Checker
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
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Redact == nil {
		o.Redact = secret.NewRedactor()
	}
	o.Config.Secrets = o.Secrets
	if o.StateDir != "" {
		o.Config.Versions = filepath.Join(o.StateDir, config.VersionsDir)
	}
	store, err := config.Open(ctx, o.Config)
	if err != nil {
		return nil, err
	}
	own := &builtin{version: o.Version}
	h := &Hub{
		options: o, store: store, state: stateStarting, bus: event.New(keptEvents),
		stop: func(error) {}, later: func(func(context.Context)) {},
	}
	h.memory = newMemory(o, store.Current())
	h.updates = release.NewChecker(o.Version, o.StateDir, o.Log.With("part", "updates"))
	h.oauth = oauth.New(oauth.Options{Store: o.Secrets, Dir: o.StateDir, Port: h.Port, Server: h.resolve, Redact: o.Redact, Log: o.Log})
	h.set = upstream.NewSet(upstream.Options{Version: o.Version, Log: o.Log, Dial: own.dial, SignIn: h.signIn, Events: h.bus, Redact: o.Redact})
	h.catalog = catalog.New(h.set, store.Current().Hub, o.Log)
	h.gateway = gateway.New(h.set, h.catalog, o.Version, o.Log)
	h.recorder = &recorder{secrets: o.Redact, history: h.memory.history, metrics: telemetry.NewMetrics(o.Version, serverStates(), h.telemetry)}
	h.gateway.Record(h.recorder)
	h.live = api.NewLive(h.bus, h.set, h.hubState, h.configured, h.clients)
	own.set, own.catalog = h.set, h.catalog
	h.set.OnChange(h.catalog.Touch)
	store.Subscribe(h.updated)
	guard, err := h.open(ctx)
	if err != nil {
		return nil, err
	}
	deps := api.Deps{
		Endpoint: h.gateway, Set: h.set, Catalog: h.catalog, Guard: guard, Keys: h.keys, Port: h.Port(), Address: h.Address(), Version: o.Version,
		Control: h, Config: store, Live: h.live, Stream: h.live.Stream(), Connections: h.live.Connections, Disable: store.SetDisabled, Remove: h.remove, Plan: h.plan, Mentioned: h.mentioned,
		OAuth: h.oauth, OpenURL: o.OpenURL, Desktop: o.Desktop, Secrets: o.Secrets,
		Market: h.market, Workspaces: h.hubs, Sessions: h.gateway.Clients, Compatible: o.Compatible,
		Clients: h.gateway.Connected, Disconnect: h.gateway.Disconnect, Sight: h.gateway.Sight,
		History: h.memory.history, Recorder: h.recorder, Metrics: h.recorder.metrics.Handler(), LogDir: o.StateDir,
		Updates: h.updates, Site: frontend.Site(),
	}
	h.oauth.OnCallback(api.Callback(deps))
	h.server = &http.Server{
		Handler:           api.Handler(deps),
		TLSConfig:         h.tls,
		ConnContext:       guard.ConnContext,
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
	forget := h.memory.run(ctx, h.bus)
	unexport := h.export(ctx)
	leave := h.register(ctx)
	part("sign-ins", h.oauth.Run)
	part("access", h.keys.Run)
	part("servers", h.set.Run)
	part("catalog", h.catalog.Run)
	part("updates", h.updates.Run)
	part("endpoint", h.gateway.Run)
	if h.options.Watch {
		part("configuration", h.store.Run)
	}
	h.apply(h.store.Current())
	h.later(h.awaitSecrets)
	for _, l := range h.listeners {
		part("listener", func(context.Context) error { return h.serve(l) })
	}
	h.options.Log.Info("hub is listening", "endpoint", h.Address()+"/mcp", "servers", len(h.set.List()))
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
	unexport(context.WithoutCancel(ctx))
	forget()
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
	h.catalog.Configure(s.Hub)
	h.configureMarket(s.Sources)
	h.memory.configure(s)
	h.configureUpdates(s.Hub.Updates)
	h.set.Apply(managed(s))
}

// configureUpdates has the hub look for releases, or no more.
func (h *Hub) configureUpdates(u config.Updates) {
	feed := cmp.Or(u.Feed, h.options.Feed)
	switch {
	case !u.Check:
		feed = ""
	case feed == "":
		h.options.Log.Warn("it is not known where to look for newer versions: name an address in hub.updates.feed")
	}
	h.updates.Configure(feed)
}

// plan returns what apply would do to the servers.
func (h *Hub) plan(s *config.Snapshot) upstream.Plan {
	p := h.set.Plan(managed(s))
	for _, list := range []*[]string{&p.Add, &p.Remove, &p.Keep} { // the hub's own tools stand in no file
		*list = slices.DeleteFunc(*list, func(name string) bool { return name == builtinName && !h.configured(name) })
	}
	return p
}

// managed returns the servers that a configuration has the hub run.
func managed(s *config.Snapshot) []*config.Server {
	if _, taken := s.Server(builtinName); taken || !s.Hub.Builtin {
		return s.Servers
	}
	own := &config.Server{Name: builtinName, DisplayName: "MCP Hub", Transport: upstream.Local}
	return append(s.Servers[:len(s.Servers):len(s.Servers)], own)
}
