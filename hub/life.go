package hub

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"time"

	"mcphub/hub/api"
	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/workspace"
)

// The states of the hub's own life, as mcp-hub 4.2.1 names them. Ready and restarted both mean that it can be used.
const (
	stateStarting   = "starting"
	stateReady      = "ready"
	stateRestarting = "restarting"
	stateRestarted  = "restarted"
	stateStopping   = "stopping"
)

// restPatience is how long the hub waits for servers to come to rest before it says that it is ready: one that never
// starts delays nobody.
const restPatience = 10 * time.Second

// errAsked ends the hub because somebody asked for it.
var errAsked = errors.New("asked to stop")

// State returns where the hub is in its life.
func (h *Hub) State() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

func (h *Hub) hubState() api.HubState {
	state := h.State()
	return api.HubState{State: state, ServerID: "mcp-hub", PID: os.Getpid(), Port: h.Port(), HasRestarted: state == stateRestarted}
}

func (h *Hub) become(state string) {
	h.mu.Lock()
	h.state = state
	h.mu.Unlock()
	h.bus.Publish(api.EventHubState, "", h.hubState())
}

// rest waits until no server is on its way up or down, for a while at most.
func (h *Hub) rest(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, restPatience)
	defer cancel()
	h.set.Rest(ctx)
}

// Restart reads the configuration again and connects all servers anew, while the endpoint stays. It returns when they
// have come to rest.
func (h *Hub) Restart(ctx context.Context) error {
	h.become(stateRestarting)
	defer h.become(stateRestarted)
	if err := h.store.Reload(ctx); err != nil {
		return err // the last good configuration goes on
	}
	for _, s := range h.set.List() {
		s.Reset()
	}
	h.rest(ctx)
	return nil
}

// HardRestart ends the hub for another one that is about to start on the same port: when it returns, the port is free.
func (h *Hub) HardRestart() error {
	h.become(stateRestarting)
	h.become(stateStopping)
	h.server.SetKeepAlivesEnabled(false) // or the client would send its next request to this hub, which is no more
	h.stop(errAsked)
	var errs []error
	for _, l := range h.listeners {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) { // the end of Run may be faster
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// clients takes the number of clients of the event stream. With automatic shutdown the hub ends some time after the
// last one has left, unless another comes; before the first one it waits for ever.
func (h *Hub) clients(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.leaving != nil {
		h.leaving.Stop()
		h.leaving = nil
	}
	leaving := n == 0 && h.options.AutoShutdown
	if h.lease != nil {
		h.lease.Update(func(e *workspace.Entry) {
			e.ActiveConnections, e.State, e.ShutdownStartedAt, e.ShutdownDelay = n, workspace.StateActive, time.Time{}, 0
			if leaving {
				e.State, e.ShutdownStartedAt, e.ShutdownDelay = workspace.StateShuttingDown, time.Now(), h.options.ShutdownDelay
			}
		})
	}
	if leaving {
		h.leaving = time.AfterFunc(h.options.ShutdownDelay, func() {
			h.options.Log.Info("the last client has left")
			h.become(stateStopping)
			h.stop(errAsked)
		})
	}
}

// register enters the hub into the register of running hubs, before anybody gets an answer at its port, and returns
// what takes it out again. A hub that cannot be entered runs all the same.
func (h *Hub) register(ctx context.Context) (leave func(context.Context)) {
	nothing := func(context.Context) {}
	if h.options.StateDir == "" {
		return nothing
	}
	dir, err := filepath.EvalSymlinks(h.options.Config.Dir)
	if err != nil {
		dir = h.options.Config.Dir
	}
	files := []string{}
	for _, f := range h.store.Current().Files {
		files = append(files, f.Path)
	}
	h.workspaces = workspace.Open(h.options.StateDir, h.options.Log)
	lease, err := h.workspaces.Claim(ctx, workspace.Entry{Dir: dir, ConfigFiles: files, Port: h.Port()})
	if err != nil {
		h.options.Log.Warn("this hub is not in the register of running hubs, so editors may not find it", "err", err)
		return nothing
	}
	h.mu.Lock()
	h.lease = lease
	h.mu.Unlock()
	h.later(func(ctx context.Context) {
		err := lease.Run(ctx, func(all map[string]workspace.Entry) { h.bus.Publish(api.EventWorkspaces, "", all) })
		if err != nil && ctx.Err() == nil {
			h.options.Log.Warn("the register of running hubs is not followed", "err", err)
		}
	})
	return func(ctx context.Context) {
		if err := lease.Release(ctx); err != nil {
			h.options.Log.Warn("this hub stays in the register of running hubs", "err", err)
		}
	}
}

// hubs returns the hubs that run on this machine, by port.
func (h *Hub) hubs() map[string]any {
	all := map[string]any{}
	if h.workspaces != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		entries, err := h.workspaces.List(ctx)
		if err != nil {
			h.options.Log.Warn("the register of running hubs cannot be read", "err", err)
		}
		for port, entry := range entries {
			all[port] = entry
		}
	}
	return all
}

// updated takes a change of the configuration files.
func (h *Hub) updated(u config.Update) {
	if u.Err != nil {
		h.options.Log.Error("configuration is broken, the last good one stays", "err", u.Err)
		h.bus.Publish(api.EventConfig, "", api.ConfigChange{Err: u.Err.Error()})
		return
	}
	changes := compare(u.Old, u.New)
	significant := len(changes.Added)+len(changes.Removed)+len(changes.Modified) > 0
	h.bus.Publish(api.EventConfig, "", api.ConfigChange{Significant: significant})
	if !significant {
		h.apply(u.New)
		return
	}
	h.bus.Publish(api.EventUpdating, "", changes)
	h.apply(u.New)
	h.later(func(ctx context.Context) {
		h.rest(ctx)
		h.bus.Publish(api.EventUpdated, "", changes)
	})
}

// reconnecting are the keys of a server's entry whose change has it connected anew.
var reconnecting = []string{"command", "args", "env", "disabled", "url", "headers", "oauth", "dev", "name", "cwd", "protocol"}

// compare finds which servers a change of the configuration touches.
func compare(old, fresh *config.Snapshot) api.ServerChanges {
	c := api.ServerChanges{Added: []string{}, Removed: []string{}, Modified: []string{}, Unchanged: []string{}, Details: map[string]api.ServerDetails{}}
	for _, s := range fresh.Servers {
		before, known := old.Server(s.Name)
		switch {
		case !known:
			c.Added = append(c.Added, s.Name)
		case before.Fingerprint == s.Fingerprint && before.Disabled == s.Disabled:
			c.Unchanged = append(c.Unchanged, s.Name)
		default:
			c.Modified = append(c.Modified, s.Name)
			d := api.ServerDetails{ModifiedFields: []string{}, OldValues: map[string]any{}, NewValues: map[string]any{}}
			for _, key := range reconnecting {
				a := jsonrpc.Get(before.Raw, jsonrpc.All(before.Raw), key).In(before.Raw)
				b := jsonrpc.Get(s.Raw, jsonrpc.All(s.Raw), key).In(s.Raw)
				if !bytes.Equal(a, b) {
					d.ModifiedFields = append(d.ModifiedFields, key)
				}
			}
			c.Details[s.Name] = d
		}
	}
	for _, s := range old.Servers {
		if _, still := fresh.Server(s.Name); !still {
			c.Removed = append(c.Removed, s.Name)
		}
	}
	return c
}
