package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The states of a managed server. Starting and stopping pass by themselves.
const (
	StateDisabled    = "disabled"    // switched off in the configuration
	StateIdle        = "idle"        // stopped by a person
	StateStarting    = "starting"    // being started or reached
	StateAuthorizing = "authorizing" // a person has to sign in
	StateReady       = "ready"       // connected
	StateRetrying    = "retrying"    // failed, and is tried again
	StateFailed      = "failed"      // failed, and needs a person
	StateStopping    = "stopping"    // being ended
)

// ManagedServer is a managed server as the routes under /api/v2 show it.
type ManagedServer struct {
	Name        string          `json:"name"`
	DisplayName string          `json:"displayName"`
	Description string          `json:"description"`
	Builtin     bool            `json:"builtin"`   // the hub's own tools
	Disabled    bool            `json:"disabled"`  // in the configuration; it may have been started all the same
	Transport   string          `json:"transport"` // stdio, remote or local; empty if its configuration has none
	State       string          `json:"state"`
	Since       time.Time       `json:"since"` // when it came into this state
	Health      ServerHealth    `json:"health"`
	Error       string          `json:"error"`    // why the last attempt or connection failed
	Failures    int             `json:"failures"` // attempts that failed in a row
	RetryAt     time.Time       `json:"retryAt"`  // of the next attempt, while retrying
	PID         int             `json:"pid"`      // of a local server, while ready
	Revision    string          `json:"revision"` // of the protocol as spoken with the server, while ready
	Era         string          `json:"era"`      // legacy or modern, while ready
	Lists       Lists           `json:"lists"`
	Problems    []string        `json:"problems"`    // what does not work although it is ready
	Kept        []KeptSecret    `json:"keptSecrets"` // of one just created: secrets of its entry that went into the store
	Config      Position        `json:"config"`      // where its entry begins; zero for the hub's own tools
	Raw         json.RawMessage `json:"-"`           // the object as the hub sent it
}

// ServerHealth is a server's state in words for people.
type ServerHealth struct {
	Level   string `json:"level"`   // ok, off, warn or error
	Summary string `json:"summary"` // one sentence
	Action  string `json:"action"`  // what to do; empty if there is nothing to do
}

// Lists is how many of each a server offers.
type Lists struct {
	Tools     int `json:"tools"`
	Resources int `json:"resources"`
	Templates int `json:"resourceTemplates"`
	Prompts   int `json:"prompts"`
}

// Position is a place in a configuration file.
type Position struct {
	File   string `json:"file"` // path exactly as given to the hub
	Line   int    `json:"line"` // from 1
	Column int    `json:"column"`
}

// UnmarshalJSON reads a server and keeps its text.
func (s *ManagedServer) UnmarshalJSON(text []byte) error {
	type plain ManagedServer
	if err := json.Unmarshal(text, (*plain)(s)); err != nil {
		return err
	}
	s.Raw = bytes.Clone(text)
	return nil
}

// LogLine is one line that a server wrote on its standard error, or that the hub noted about it.
type LogLine struct {
	ID   string    `json:"id"` // of the [Event] that told of it
	Time time.Time `json:"time"`
	Text string    `json:"text"`
}

// MaxLogLines is how many lines of a server's log the hub keeps.
const MaxLogLines = 500

// List returns all servers, the hub's own tools among them, sorted by name.
func (c *Client) List(ctx context.Context) ([]ManagedServer, error) {
	var answer struct{ Servers []ManagedServer }
	_, err := c.do(ctx, http.MethodGet, "/api/v2/servers", nil, &answer)
	return answer.Servers, err
}

// Get returns one server.
func (c *Client) Get(ctx context.Context, server string) (ManagedServer, error) {
	return c.managed(ctx, http.MethodGet, server, "", nil)
}

// Create adds a server to one of the hub's configuration files, or to the first if file is empty. The entry is a JSON
// object; what seems to be a secret in it goes into the secret store unless plain. It returns before the server has started.
func (c *Client) Create(ctx context.Context, server string, entry json.RawMessage, file string, plain bool) (ManagedServer, error) {
	body := map[string]any{"name": server, "config": entry, "plainSecrets": plain}
	if file != "" {
		body["file"] = file
	}
	var s ManagedServer
	_, err := c.do(ctx, http.MethodPost, "/api/v2/servers", body, &s)
	return s, err
}

// Change is what is to be changed in a server's entry. What is nil stays.
type Change struct {
	Disabled *bool           `json:"disabled,omitempty"`
	Config   json.RawMessage `json:"config,omitempty"` // the whole new entry, a JSON object
}

// Change changes a server's entry in its configuration file. It returns before the server has started or stopped.
func (c *Client) Change(ctx context.Context, server string, change Change) (ManagedServer, error) {
	return c.managed(ctx, http.MethodPatch, server, "", change)
}

// Delete removes a server from its configuration file, and its secrets too if that is wanted and nothing else needs them. It
// returns those that were removed, and those that its entry named and that remain.
func (c *Client) Delete(ctx context.Context, server string, secrets bool) (removed, remaining []string, err error) {
	var answer struct{ RemovedSecrets, RemainingSecrets []string }
	_, err = c.do(ctx, http.MethodDelete, serverPath(server)+"?secrets="+strconv.FormatBool(secrets), nil, &answer)
	return answer.RemovedSecrets, answer.RemainingSecrets, err
}

// Start starts a server until it is stopped or the hub ends. It waits for the server, for nine seconds at most; whether
// that succeeded is in the answer's state.
func (c *Client) Start(ctx context.Context, server string) (ManagedServer, error) {
	return c.managed(ctx, http.MethodPost, server, "/start", nil)
}

// Stop stops a server until it is started again, or its configuration changes, or the hub starts anew.
func (c *Client) Stop(ctx context.Context, server string) (ManagedServer, error) {
	return c.managed(ctx, http.MethodPost, server, "/stop", nil)
}

// Restart stops a server and starts it as Start does.
func (c *Client) Restart(ctx context.Context, server string) (ManagedServer, error) {
	return c.managed(ctx, http.MethodPost, server, "/restart", nil)
}

// Settled waits until a server that was just shown is neither starting nor stopping, however long that takes.
func (c *Client) Settled(ctx context.Context, s ManagedServer) (ManagedServer, error) {
	for pause := firstPause; s.State == StateStarting || s.State == StateStopping; pause = min(2*pause, longestPause) {
		if err := sleep(ctx, pause); err != nil {
			return s, err
		}
		now, err := c.Get(ctx, s.Name)
		if err != nil {
			return s, err
		}
		s = now
	}
	return s, nil
}

// Log returns the last lines of a server's log, oldest first; from 1 to [MaxLogLines] can be asked for.
func (c *Client) Log(ctx context.Context, server string, lines int) ([]LogLine, error) {
	var answer struct{ Lines []LogLine }
	_, err := c.do(ctx, http.MethodGet, fmt.Sprintf("%s/logs?lines=%d", serverPath(server), lines), nil, &answer)
	return answer.Lines, err
}

func serverPath(server string) string { return "/api/v2/servers/" + url.PathEscape(server) }

func (c *Client) managed(ctx context.Context, method, server, action string, body any) (s ManagedServer, err error) {
	_, err = c.do(ctx, method, serverPath(server)+action, body, &s)
	return s, err
}

// ConfigFiles is the hub's configuration files and what is wrong in them.
type ConfigFiles struct {
	Files       []ConfigFile    `json:"files"` // in merge order: the later file wins
	Diagnostics []Diagnostic    `json:"diagnostics"`
	Raw         json.RawMessage `json:"-"` // the answer as the hub sent it
}

// ConfigFile is one of the hub's configuration files.
type ConfigFile struct {
	Path    string `json:"path"`    // exactly as given to the hub
	Missing bool   `json:"missing"` // there is no such file yet
}

// Diagnostic is one thing that is wrong in the configuration.
type Diagnostic struct {
	Severity string `json:"severity"` // error or warning
	Server   string `json:"server"`   // empty for the file itself
	Position
	Message string `json:"message"`
	Action  string `json:"action"` // what to do
}

// Effective is what all configuration files together say.
type Effective struct {
	Servers  []Setting       `json:"servers"`  // sorted by name
	Settings []Setting       `json:"settings"` // the other top-level keys, sorted
	Raw      json.RawMessage `json:"-"`        // the answer as the hub sent it
}

// Setting is one value of the merged configuration.
type Setting struct {
	Name  string          `json:"name"`  // of the server, or the top-level key
	Value json.RawMessage `json:"value"` // placeholders unresolved, what may be secret masked
	From  Position        `json:"from"`
	Hides []Position      `json:"hides"` // where the values stand that it takes the place of, the strongest first
}

// ConfigFiles returns the hub's configuration files.
func (c *Client) ConfigFiles(ctx context.Context) (f ConfigFiles, err error) {
	f.Raw, err = c.do(ctx, http.MethodGet, "/api/v2/config/files", nil, &f)
	return f, err
}

// EffectiveConfig returns what all configuration files together say.
func (c *Client) EffectiveConfig(ctx context.Context) (e Effective, err error) {
	e.Raw, err = c.do(ctx, http.MethodGet, "/api/v2/config/effective", nil, &e)
	return e, err
}
